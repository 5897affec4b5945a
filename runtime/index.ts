/**
 * The engine: images, containers, and the Engine API server on top of the network and limits layers.
 *
 * {@link Engine.open} is all of it; {@link ApiServer} puts it on a socket.
 */

export { DEFAULT_DATA_ROOT, DEFAULT_EXEC_ROOT } from "../lib/default-places.ts";
export { ApiServer } from "./api/index.ts";
export { cgroupParentOf } from "./cgroup-parent.ts";
export type {
  ContainerService,
  CreateResult,
  ExecConfig,
  ExecState,
  LifeStep,
  LogRequest,
  StopOptions,
  WaitCondition,
  WaitResult,
} from "./container/index.ts";
export type { BenchLimit, BenchReport } from "./diagnosis/bench-report.ts";
export type { MatrixPair, MatrixReport } from "./diagnosis/matrix-report.ts";
export type {
  DiagnosisEvent,
  DiagnosisFailure,
  DiagnosisInput,
  DiagnosisReport,
  DiagnosisRequest,
  Expectation,
  PlannedFix,
} from "./diagnosis/request.ts";
export { Engine, type EngineConfig } from "./engine.ts";
export type { EngineEvent, EventBus, EventListener } from "./events.ts";
export type { ImageService } from "./image/index.ts";
export type { AdviceStep, ContainerAdvice } from "./limits/advise.ts";
export type { Explanation } from "./limits/explain.ts";
export type { LimitEvent } from "./limits/watch-events.ts";
export type { Attachment, AttachOptions, LogEntry, OutputChunk, TerminalSize } from "./monitor/index.ts";
export type * from "./types.ts";
