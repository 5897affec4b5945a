/** What `ctr net bench` answers: how fast two ends are together, beside what limits them. */

export const BENCH_SCHEMA = "ctr.net.bench/1";

export interface BenchReport {
  readonly schema: typeof BENCH_SCHEMA;
  readonly from: string;
  readonly to: string;
  readonly addresses: { readonly source: string; readonly destination: string };
  /** Bits a second, of payload. */
  readonly throughput: { readonly there: number; readonly back: number };
  /** Of a connection and of a message and its answer on one, in microseconds. */
  readonly latency: { readonly connect: Percentiles; readonly roundTrip: Percentiles };
  /** Bytes of the largest IP packet that gets through whole; undefined when it could not be found. */
  readonly pathMtu: number | undefined;
  /** MTUs of the interfaces on the way, and limits that may hold it back. */
  readonly limits: readonly BenchLimit[];
  readonly milliseconds: number;
}

export interface Percentiles {
  readonly median: number;
  readonly p99: number;
  readonly samples: number;
}

export interface BenchLimit {
  /** `cpus of web`, `rate of eth0 in web`, `mtu of ctr0`. */
  readonly object: string;
  readonly value: string;
  /** What it did while it was measured: `throttled for 0.8 s of 2 s`; undefined when it did nothing. */
  readonly effect: string | undefined;
}
