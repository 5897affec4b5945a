/** Commands that run in a container beside its first process: create, start, resize, inspect. */

import { DetachScanner, parseDetachKeys } from "../../../lib/detach-keys.ts";
import { messageOf } from "../../../lib/errors.ts";
import type { ExecState } from "../../container/index.ts";
import type { TerminalSize } from "../../monitor/index.ts";
import { decodeExecCreate, decodeExecStart } from "../decode/exec-request.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { streamContentType } from "../frames.ts";
import type { HijackedConnection } from "../hijack.ts";
import { joinStreams, writeOutput } from "../stdio.ts";
import { execInspect } from "../views/exec.ts";
import { terminalSize } from "./container-life.ts";

/** Minor number of the first API version in which a program's terminal may begin with a size. */
const CONSOLE_SIZE_SINCE = 42;

export async function createExec(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const request = decodeExecCreate(await exchange.body());
  parseDetachKeys(request.DetachKeys || undefined);
  const id = containers.createExec(exchange.parameter("id"), request);
  exchange.json(201, { Id: id });
}

export async function startExec(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const { containers } = engine;
  // Whether frames tell the streams apart is said here, and not by whether the program has a terminal.
  const { Detach: detach = false, Tty: raw = false, ConsoleSize } = decodeExecStart(await exchange.body());
  const exec = containers.inspectExec(exchange.parameter("id"));
  const tty = exec.request.Tty ?? false;
  const size = raw && exchange.version >= CONSOLE_SIZE_SINCE ? ConsoleSize : undefined;
  const start = () => containers.startExec(exec.id, { detach, ...terminalOf(size ?? exec.request.ConsoleSize) });
  if (detach || !isStartable(engine, exec)) {
    await start();
    return exchange.empty(200);
  }
  // Whether the output has frames is what this request says, whatever terminal the exec has: clients read it accordingly.
  // The headers go out before the program runs, as Docker's do: docker-py loses output that comes along with them.
  const connection = await exchange.hijack(streamContentType(raw, exchange.version));
  const attachment = await start().catch((error: unknown) => sayWhy(connection, raw, error));
  if (attachment === undefined) return connection.close();
  await joinStreams(connection, attachment, {
    stdin: exec.request.AttachStdin ?? false,
    raw,
    detach: tty ? new DetachScanner(parseDetachKeys(exec.request.DetachKeys || undefined)) : undefined,
    ended: () => containers.execEnded(exec.id),
    signal: exchange.closing,
  });
}

/** What is known beforehand to be refused is answered with an error status. */
function isStartable({ containers }: ApiEngine, { running, exitCode, containerId }: ExecState): boolean {
  return !running && exitCode === null && containers.find(containerId).status === "running";
}

/**
 * A program that could not be run has an exit code (126 or 127). Clients read it when the stream ends, so the reason
 * goes into the stream.
 */
async function sayWhy({ output }: HijackedConnection, raw: boolean, error: unknown): Promise<undefined> {
  await writeOutput(output, raw, "stdout", Buffer.from(`${messageOf(error)}\r\n`));
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
