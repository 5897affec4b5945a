/** Decodes the bodies of `POST /containers/{id}/exec` and `POST /exec/{id}/start`. */
import type { DockerResources } from "../../../cgroups/index.ts";
import { invalid } from "../../../lib/errors.ts";
import { RESOURCES } from "./resources.ts";
import { flag, integer, list, record, text, words } from "./shape.ts";

export interface ExecCreateRequest {
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly DetachKeys?: string;
  readonly Tty?: boolean;
  readonly Env?: readonly string[];
  readonly Cmd: readonly string[];
  readonly Privileged?: boolean;
  readonly User?: string;
  readonly WorkingDir?: string;
  /** Rows and columns. */
  readonly ConsoleSize?: readonly number[];
  /** ctr's own: limits inside of those of the container, for this program and its children alone. */
  readonly Resources?: DockerResources;
}

export interface ExecStartRequest {
  readonly Detach?: boolean;
  readonly Tty?: boolean;
  readonly ConsoleSize?: readonly number[];
}

const EXEC_CREATE = record({
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  DetachKeys: text,
  Tty: flag,
  Env: list(text),
  Cmd: words,
  Privileged: flag,
  User: text,
  WorkingDir: text,
  ConsoleSize: list(integer),
  Resources: record(RESOURCES),
});

const EXEC_START = record({ Detach: flag, Tty: flag, ConsoleSize: list(integer) });

/** @throws `invalid` */
export function decodeExecCreate(body: unknown): ExecCreateRequest {
  const request = EXEC_CREATE(body ?? {}, "") as Partial<ExecCreateRequest>;
  const { Cmd } = request;
  if (Cmd === undefined || Cmd.length === 0) throw invalid("No exec command specified", "CTR_EXEC_NO_COMMAND");
  return { ...request, Cmd };
}

/** @throws `invalid` */
export function decodeExecStart(body: unknown): ExecStartRequest {
  return EXEC_START(body ?? {}, "") as ExecStartRequest;
}
