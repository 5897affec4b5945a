/** Runs a container that the user is attached to, from before its start to its end. */
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../../lib/errors.ts";
import type { Client } from "../client/client.ts";
import type { WaitAnswer } from "../client/types.ts";
import { CliError, ExitCode } from "../errors.ts";
import { followSize } from "./resize.ts";
import { passSignals } from "./signals.ts";
import { joinStreams } from "./streams.ts";
import type { StreamName } from "./values.ts";

export interface AttachedRun {
  readonly id: string;
  readonly tty: boolean;
  readonly streams: ReadonlySet<StreamName>;
  readonly detachKeys: string | undefined;
  readonly passSignals: boolean;
  /** The container is removed at its end, which is waited for. */
  readonly removed: boolean;
}

/** Milliseconds that the streams get to end after the container has. */
const STREAM_GRACE = 2000;

/** @returns the exit code of the container; 0 when the user detached */
export async function runAttached(client: Client, run: AttachedRun): Promise<number> {
  const { id, tty, streams, detachKeys } = run;
  const query = { stream: 1, ...streamQuery(streams), detachKeys };
  // Both before the start: neither a byte nor the end may be missed.
  const [socket, exit] = await Promise.all([
    client.hijack(`/containers/${id}/attach`, { query }),
    waitForEnd(client, id, run.removed ? "removed" : "next-exit"),
  ]);
  const stopSignals = run.passSignals ? passSignals(client, id) : () => {};
  let stopSize = () => {};
  try {
    const ended = joinStreams(socket, { tty, input: streams.has("stdin"), detachKeys });
    ended.catch(() => {});
    try {
      await client.post(`/containers/${id}/start`);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    if (tty) stopSize = followSize(client, `/containers/${id}/resize`);
    return await endOf(ended, exit.code);
  } finally {
    stopSignals();
    stopSize();
    exit.abort();
  }
}

/** Waits for both, but for the streams not longer than a moment: a process that was left behind may hold them open. */
export async function endOf(ended: Promise<"closed" | "detached">, exit: Promise<number>): Promise<number> {
  const first = await Promise.race([ended, exit]);
  if (first === "detached") {
    console.error("read escape sequence");
    return 0;
  }
  if (typeof first === "number") {
    const grace = new AbortController();
    await Promise.race([ended, delay(STREAM_GRACE, undefined, { signal: grace.signal }).catch(() => {})]);
    grace.abort();
  }
  return await exit;
}

const streamQuery = (streams: ReadonlySet<StreamName>): Record<string, number> =>
  Object.fromEntries([...streams].map((name) => [name, 1]));

export interface PendingExit {
  readonly code: Promise<number>;
  /** Stops waiting. */
  abort(): void;
}

/** Resolves as soon as the engine waits; the exit code follows. */
export async function waitForEnd(
  client: Client,
  id: string,
  condition: "not-running" | "next-exit" | "removed",
): Promise<PendingExit> {
  const aborter = new AbortController();
  const response = await client.stream("POST", `/containers/${id}/wait`, {
    query: { condition },
    signal: aborter.signal,
  });
  const code = readExitCode(response);
  code.catch(() => {});
  return { code, abort: () => aborter.abort() };
}

async function readExitCode(body: AsyncIterable<Buffer>): Promise<number> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const answer = JSON.parse(Buffer.concat(chunks).toString()) as WaitAnswer;
    if (answer.Error?.Message) {
      throw new CliError(`Error waiting for container: ${answer.Error.Message}`, ExitCode.notRun);
    }
    return answer.StatusCode;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`Error waiting for container: the engine went away (${messageOf(error)})`, ExitCode.notRun);
  }
}
