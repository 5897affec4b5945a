/** Containers and their life. */
export type { CreateResult } from "./create.ts";
export { checkDefaults } from "./defaults.ts";
export type { ExecConfig, ExecStartOptions, ExecState } from "./execs.ts";
export { isLinkGrant } from "./link-grants.ts";
export type { NetworkFiles } from "./network-files.ts";
export { ContainerNetworks, type ShapeOptions } from "./networks.ts";
export type { ContainerDefaults, LifeStep } from "./parts.ts";
export type { PortBindings, PortChoice } from "./published-ports.ts";
export { containerMigrations } from "./records.ts";
export { DEFAULT_SHM_SIZE } from "./request.ts";
export { ContainerService, type LogRequest, type StopOptions } from "./service.ts";
export type { ContainerServiceOptions } from "./service-options.ts";
export type { WaitCondition, WaitResult } from "./waiters.ts";
