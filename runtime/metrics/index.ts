/** What containers use: samples for statistics streams, and metrics for Prometheus. */
export { Cables } from "./cables.ts";
export type { HostCpu } from "./host-cpu.ts";
export type { InterfaceCounters } from "./network-counters.ts";
export { type OtherLimit, otherLimits } from "./other-limits.ts";
export { type ProcessUsage, processUsage } from "./processes.ts";
export { Sampler } from "./sampler.ts";
export { MetricsServer, parseMetricsAddress } from "./server.ts";
export type { ContainerSample, SampledEngine, Tick } from "./tick.ts";
