/**
 * Pausing: the kernel freezes a container's group, and with it the groups of its execs. Texts and what else a signal does
 * are Docker's (moby `daemon/pause.go`, `unpause.go`, `kill.go`).
 */
import { CtrError, conflict, messageOf, systemFailure } from "../../lib/errors.ts";
import { parseSignal, SIGKILL } from "../../lib/system/signals.ts";
import type { Container, ContainerStatus } from "../types.ts";
import { emitContainer } from "./describe.ts";
import { cgroupsOf } from "./limits.ts";
import type { Parts } from "./parts.ts";
import { isUp, requireUp } from "./up.ts";

type PauseParts = Pick<Parts, "records" | "cgroups" | "groups" | "defaults" | "events" | "step">;

/**
 * Call it under the container's lock.
 * @throws `conflict` when it does not run or is paused already, `system` when the kernel does not manage it
 */
export async function pauseContainer(parts: PauseParts, container: Container): Promise<void> {
  const { id, status } = container;
  if (status === "restarting") {
    throw conflict(`Container ${id} is restarting, wait until the container is running`, "CTR_CONTAINER_RESTARTING");
  }
  requireUp(container);
  if (status === "paused") throw conflict(`Container ${id} is already paused`, "CTR_CONTAINER_PAUSED");
  const cgroups = cgroupsOf(parts, container);
  await using undo = new AsyncDisposableStack();
  await saying(`cannot pause container ${id}`, () => cgroups.freeze(id));
  undo.defer(() => cgroups.thaw(id));
  parts.step("pause:frozen", id);
  const { container: paused } = parts.records.update(id, { status: "paused" });
  undo.move();
  emitContainer(parts, "pause", paused);
}

/**
 * Call it under the container's lock. Also lets go what somebody else has frozen.
 * @throws `system`, as Docker does, when it is not paused
 */
export async function unpauseContainer(parts: PauseParts, container: Container): Promise<void> {
  const { id } = container;
  if (!standsStill(parts, container)) throw systemFailure(`Container ${id} is not paused`, "CTR_CONTAINER_NOT_PAUSED");
  await saying(`Cannot unpause container ${id}`, () => cgroupsOf(parts, container).thaw(id));
  parts.step("unpause:thawed", id);
  emitContainer(parts, "unpause", parts.records.update(id, { status: "running" }).container);
}

/**
 * A container was sent a signal, which its processes get when they go on. As in Docker they do when the signal may end
 * it: SIGKILL, its stop signal, and any when it has named no stop signal. Waits for the container's lock.
 */
export async function unpauseForSignal(
  parts: PauseParts & Pick<Parts, "lock" | "logger">,
  { id, config }: Container,
  signal: number,
): Promise<void> {
  if (signal !== SIGKILL && config.StopSignal && parseSignal(config.StopSignal) !== signal) return;
  await parts.lock.run(id, async () => {
    const container = parts.records.get(id)?.container;
    if (container === undefined || !standsStill(parts, container)) return;
    // What is killed does not come to life before: no event. v2 needs no thawing for that, the freezer of v1 does.
    const done = signal === SIGKILL ? cgroupsOf(parts, container).thaw(id) : unpauseContainer(parts, container);
    await done.catch((error: unknown) => parts.logger.warn(messageOf(error), { id }));
  });
}

/** For an engine that takes over: the kernel knows best, also when a crash came between a freeze and its record. */
export function statusInKernel(parts: PauseParts, container: Container): ContainerStatus {
  return cgroupsOf(parts, container).isFrozenItself(container.id) ? "paused" : "running";
}

function standsStill(parts: PauseParts, container: Container): boolean {
  const { id, status } = container;
  return status === "paused" || (isUp(container) && cgroupsOf(parts, container).isFrozenItself(id));
}

async function saying(what: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof CtrError)) throw error;
    const { kind, code, hint } = error;
    throw new CtrError(kind, `${what}: ${error.message}`, { code, hint, cause: error });
  }
}
