export { helpingThreads, NamespaceReading, type ReadingOptions } from "./namespace-reading.ts";
export { type SnapshotOptions, takeSnapshot } from "./take-snapshot.ts";
