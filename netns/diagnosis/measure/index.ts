/** What the network between two places can do. */
export type { Latency } from "./latency.ts";
export { type Measurement, type MeasureOptions, measure } from "./measure.ts";
export type { Throughput } from "./throughput.ts";
