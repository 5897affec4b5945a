/** What the network between two places can do. All traffic is between those two, over sockets of our own. */
import { messageOf } from "../../../lib/errors.ts";
import { type Connection, connectEnds, type Ends } from "./connection.ts";
import { type Latency, measureLatency } from "./latency.ts";
import { measurePathMtu } from "./path-mtu.ts";
import { measureThroughput, type Throughput } from "./throughput.ts";

export interface MeasureOptions extends Ends {
  /** How long bytes are sent, each way; 1 by default. */
  readonly seconds?: number;
}

/** What could not be measured is undefined, and the reason is in {@link Measurement.failures}. */
export interface Measurement {
  /** To the place that was dialled. */
  readonly there: Throughput | undefined;
  /** From it. */
  readonly back: Throughput | undefined;
  readonly latency: Latency | undefined;
  /** Bytes of the largest IP packet that arrives uncut. */
  readonly pathMtu: number | undefined;
  readonly failures: readonly string[];
}

/** Needs root, and a way for both TCP and UDP on any port. */
export async function measure({ seconds = 1, ...ends }: MeasureOptions): Promise<Measurement> {
  const failures: string[] = [];
  const part = async <T>(what: string, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await run();
    } catch (error) {
      failures.push(`${what}: ${messageOf(error)}`);
      return undefined;
    }
  };
  const pathMtu = await part("size of packets", () => measurePathMtu(ends));
  using connection = await part("connection", () => connectEnds(ends));
  const over = <T>(what: string, run: (connection: Connection) => Promise<T>): Promise<T | undefined> =>
    connection === undefined ? Promise.resolve(undefined) : part(what, () => run(connection));
  // Latency first: an empty network's.
  const latency = await over("latency", ({ near, far }) => measureLatency(near, far));
  const there = await over("throughput", ({ near, far }) => measureThroughput(near, far, seconds));
  const back = await over("throughput", ({ near, far }) => measureThroughput(far, near, seconds));
  return { there, back, latency, pathMtu, failures };
}
