/** The monitor of containers: conmon, the OCI runtime's start and delete, standard streams, exit codes and logs. */
export type { Attachment, AttachOptions, OutputChunk, OutputStream, StreamAttachment } from "./attachment.ts";
export { type LogEntry, type LogOptions, readLogs } from "./logs/read.ts";
export {
  type CreateOptions,
  type ExecOptions,
  type ExecSession,
  findConmon,
  findMonitored,
  Monitor,
  type MonitoredProcess,
  type MonitorOptions,
  type TerminalSize,
} from "./monitor.ts";
