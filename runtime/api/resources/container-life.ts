/** The life cycle of containers: create, start, stop, restart, kill, pause, unpause, wait, rename, remove, resize. */

import { CtrError, invalid, notFound } from "../../../lib/errors.ts";
import { parseSignal } from "../../../lib/system/signals.ts";
import type { StopOptions, WaitCondition, WaitResult } from "../../container/index.ts";
import { unlessAborted } from "../abort.ts";
import { decodeCreateRequest } from "../decode/create-request.ts";
import { moveInterfaceSysctls } from "../decode/interface-sysctls.ts";
import { parsePlatform } from "../decode/platform.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";

/** Minor number of the first API version in which a container may ask for a platform. */
const PLATFORM_SINCE = 41;

export async function createContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const name = exchange.text("name");
  const decoded = decodeCreateRequest(await exchange.body(), exchange.version);
  const { request, warnings: moved } = moveInterfaceSysctls(decoded, exchange.version);
  const platform = exchange.version < PLATFORM_SINCE ? undefined : parsePlatform(exchange.text("platform"));
  const created = containers.create(request, {
    ...(name === undefined ? {} : { name }),
    ...(platform === undefined ? {} : { platform }),
  });
  const { id, warnings } = await created.catch((error) => {
    throw notAsMissingImage(error);
  });
  exchange.json(201, { Id: id, Warnings: [...moved, ...warnings] });
}

/** To clients a 404 here means that the image is missing: they pull it and try again. Anything else missing is a 400. */
function notAsMissingImage(error: unknown): unknown {
  if (!(error instanceof CtrError) || error.kind !== "notFound" || error.code === "CTR_IMAGE_NOT_FOUND") return error;
  return invalid(error.message, { code: "CTR_CREATE_REFERENCE_INVALID", hint: error.hint, cause: error });
}

export async function startContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  await containers.start(exchange.parameter("id"));
  exchange.empty(204);
}

export async function stopContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  await containers.stop(exchange.parameter("id"), stopRequest(exchange));
  exchange.empty(204);
}

export async function restartContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  await containers.restart(exchange.parameter("id"), stopRequest(exchange));
  exchange.empty(204);
}

export async function killContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const signal = parseSignal(exchange.text("signal") ?? "KILL");
  const reference = exchange.parameter("id");
  await containers.kill(reference, signal).catch((error: unknown) => {
    if (!(error instanceof CtrError) || error.kind !== "notFound") throw error;
    const message = `Cannot kill container: ${reference}: ${error.message}`;
    throw notFound(message, { code: "CTR_CONTAINER_NOT_FOUND", cause: error });
  });
  exchange.empty(204);
}

export async function pauseContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  await containers.pause(exchange.parameter("id"));
  exchange.empty(204);
}

export async function unpauseContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  await containers.unpause(exchange.parameter("id"));
  exchange.empty(204);
}

export function renameContainer(exchange: Exchange, { containers }: ApiEngine): void {
  const name = exchange.text("name");
  if (name === undefined) throw invalid("Neither old nor new names may be empty", "CTR_CONTAINER_NAME_INVALID");
  containers.rename(exchange.parameter("id"), name);
  exchange.empty(204);
}

export async function removeContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const reference = exchange.parameter("id");
  const options = { force: exchange.flag("force"), volumes: exchange.flag("v") };
  if (exchange.flag("link")) containers.removeLink(reference);
  else await containers.remove(reference, options);
  exchange.empty(204);
}

export function resizeContainer(exchange: Exchange, { containers }: ApiEngine): void {
  containers.resize(exchange.parameter("id"), terminalSize(exchange));
  exchange.empty(200);
}

/** The headers go out before the container ends: clients wait for them, and only then start the container. */
export async function waitForContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const condition = waitCondition(exchange);
  const { id } = containers.find(exchange.parameter("id"));
  const ended = endOf(containers, id, condition, exchange.signal);
  const sink = exchange.stream("application/json");
  const result = await unlessAborted(ended, exchange.signal);
  if (result !== undefined) {
    const { exitCode, error } = result;
    await sink.writeJson({ StatusCode: exitCode, ...(error ? { Error: { Message: error } } : {}) });
  }
  sink.end();
}

/** A start that failed is no exit: who waits for the next one goes on waiting, as in Docker. */
async function endOf(
  containers: ApiEngine["containers"],
  id: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<WaitResult> {
  for (;;) {
    const result = await containers.wait(id, condition, signal);
    if (condition !== "next-exit" || !result.error) return result;
  }
}

/** Height and width of a terminal, from the query. @throws `invalid` with Docker's texts */
export function terminalSize(exchange: Exchange): { readonly rows: number; readonly columns: number } {
  return { rows: cells(exchange, "h", "height"), columns: cells(exchange, "w", "width") };
}

/** The kernel keeps 16 bits of each, see ioctl_tty(2). */
const MOST_CELLS = 0xffff;

function cells(exchange: Exchange, key: string, what: string): number {
  const asked = exchange.query.get(key) ?? "";
  const isNumber = /^-?\d+$/.test(asked);
  const count = Number(asked);
  if (isNumber && count >= 0 && count <= MOST_CELLS) return count;
  const why = isNumber ? "value out of range" : "invalid syntax";
  throw invalid(`invalid resize ${what} ${JSON.stringify(asked)}: ${why}`, "CTR_RESIZE_INVALID");
}

function stopRequest(exchange: Exchange): StopOptions {
  const timeout = exchange.integer("t");
  const signal = exchange.text("signal");
  return {
    ...(timeout === undefined ? {} : { timeout }),
    ...(signal === undefined ? {} : { signal: parseSignal(signal) }),
  };
}

const CONDITIONS: readonly WaitCondition[] = ["not-running", "next-exit", "removed"];

function waitCondition(exchange: Exchange): WaitCondition {
  const asked = exchange.text("condition") ?? "not-running";
  const condition = CONDITIONS.find((known) => known === asked);
  if (condition === undefined) throw invalid(`invalid condition: "${asked}"`, "CTR_WAIT_CONDITION_INVALID");
  return condition;
}
