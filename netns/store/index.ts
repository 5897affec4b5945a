/** The network layer's state. */
export { networkMigrations } from "./migrations.ts";
export { NetworkStore } from "./network-store.ts";
export type { EndpointRecord, LostNetwork, SandboxRecord } from "./rows.ts";
