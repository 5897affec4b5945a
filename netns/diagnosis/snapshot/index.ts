export { type SnapshotOptions, takeSnapshot } from "./take-snapshot.ts";
