/** Sends real packets and watches them, or watches those of others. */
export type { NamespaceReferences } from "./namespaces.ts";
export { type ProbeOptions, probe } from "./probe.ts";
export { isProbeTable } from "./trace-table.ts";
export { type WatchOptions, watch } from "./watch.ts";
