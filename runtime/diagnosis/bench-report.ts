/** What `ctr net bench` answers: how fast two ends are together, beside what limits them. */

export const BENCH_SCHEMA = "ctr.net.bench/1";

export interface BenchReport {
  readonly schema: typeof BENCH_SCHEMA;
  readonly from: string;
  readonly to: string;
  readonly address: string;
  /** Bits a second, of payload, over one TCP connection. Undefined what could not be measured. */
  readonly throughput: { readonly there: number | undefined; readonly back: number | undefined };
  /** Of one byte there and back, in microseconds. */
  readonly latency: { readonly median: number; readonly p99: number; readonly rounds: number } | undefined;
  /** Bytes of the largest IP packet that arrives uncut. */
  readonly pathMtu: number | undefined;
  /** MTUs of the interfaces on the way, and limits that may hold it back. */
  readonly limits: readonly BenchLimit[];
  /** What could not be measured, and why. */
  readonly failures: readonly string[];
  readonly milliseconds: number;
}

export interface BenchLimit {
  /** `CPUs of web`, `queue tbf of eth0 in web`, `MTU of ctr0 on the host`. */
  readonly object: string;
  readonly value: string;
  /** What it did while it was measured; undefined when it did nothing. */
  readonly effect: string | undefined;
}
