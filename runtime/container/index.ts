/** Containers and their life. */
export type { CreateResult } from "./create.ts";
export type { ExecConfig, ExecStartOptions, ExecState } from "./execs.ts";
export type { LifeStep } from "./parts.ts";
export { containerMigrations } from "./records.ts";
export { ContainerService, type ContainerServiceOptions, type LogRequest, type StopOptions } from "./service.ts";
export type { WaitCondition, WaitResult } from "./waiters.ts";
