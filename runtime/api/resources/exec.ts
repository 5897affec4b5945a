/** Commands that run in a container beside its first process: create, start, resize, inspect. */
import { invalid, messageOf } from "../../../lib/errors.ts";
import type { Attachment, TerminalSize } from "../../monitor/index.ts";
import { DetachScanner, parseDetachKeys } from "../decode/detach-keys.ts";
import { decodeExecCreate, decodeExecStart } from "../decode/exec-request.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { streamContentType } from "../frames.ts";
import type { HijackedConnection } from "../hijack.ts";
import { joinStreams, writeOutput } from "../stdio.ts";
import { execInspect } from "../views/exec.ts";
import { terminalSize } from "./container-life.ts";

export async function createExec(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const request = decodeExecCreate(await exchange.body());
  parseDetachKeys(request.DetachKeys || undefined);
  const id = containers.createExec(exchange.parameter("id"), request);
  exchange.json(201, { Id: id });
}

export async function startExec(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const { Detach: detach = false, ConsoleSize: size } = decodeExecStart(await exchange.body());
  const { id, request, exitCode: endedBefore } = containers.inspectExec(exchange.parameter("id"));
  const tty = request.Tty ?? false;
  if (size !== undefined && !tty) {
    throw invalid("console size is only supported when TTY is enabled", "CTR_EXEC_CONSOLE_SIZE");
  }
  const terminal = terminalOf(size ?? request.ConsoleSize);
  const contentType = streamContentType(tty, exchange.version);
  let attachment: Attachment | undefined;
  try {
    attachment = await containers.startExec(id, { detach, ...terminal });
  } catch (error) {
    const failedToRun = endedBefore === null && containers.inspectExec(id).exitCode !== null;
    if (detach || !failedToRun) throw error;
    return await sayWhy(exchange.hijack(contentType), tty, error);
  }
  if (attachment === undefined) return exchange.empty(200);
  await joinStreams(exchange.hijack(contentType), attachment, {
    stdin: request.AttachStdin ?? false,
    detach: tty ? new DetachScanner(parseDetachKeys(request.DetachKeys || undefined)) : undefined,
    signal: exchange.closing,
  });
}

/**
 * A program that could not be run has an exit code (126 or 127). Clients read it when the stream ends, so the reason
 * goes into the stream; with an error status they would not look.
 */
async function sayWhy(connection: HijackedConnection, tty: boolean, error: unknown): Promise<void> {
  await writeOutput(connection.output, tty, "stdout", Buffer.from(`${messageOf(error)}\r\n`));
  connection.close();
}

function terminalOf(size: readonly number[] | undefined): { readonly size?: TerminalSize } {
  const [rows, columns] = size ?? [];
  return rows === undefined || columns === undefined ? {} : { size: { rows, columns } };
}

export function resizeExec(exchange: Exchange, { containers }: ApiEngine): void {
  containers.resizeExec(exchange.parameter("id"), terminalSize(exchange));
  exchange.empty(200);
}

export function inspectExec(exchange: Exchange, { containers }: ApiEngine): void {
  exchange.json(200, execInspect(containers.inspectExec(exchange.parameter("id"))));
}
