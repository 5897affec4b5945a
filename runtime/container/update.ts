/**
 * Changing the limits of a container. All is judged first; then a container that runs gets the change in force, part by
 * part, each with its undo; and only what is in force is recorded. A crash on the way there is undone by the next engine.
 */
import type { ChangedFile } from "../../cgroups/index.ts";
import { CtrError, conflict, messageOf } from "../../lib/errors.ts";
import { describeFiles, limitsBetween } from "../limits/index.ts";
import type { Container, HostConfig, LimitChange, UpdateRequest, UpdateResult } from "../types.ts";
import { emitContainer } from "./describe.ts";
import { cgroupsOf, scoredLimitsOf } from "./limits.ts";
import { changeNetworkRate } from "./network-rate.ts";
import type { Parts } from "./parts.ts";
import type { ContainerRecord } from "./records.ts";
import { resizeSharedMemory } from "./shared-memory.ts";
import { changedUlimits, changeUlimits, joinUlimits, ulimitsInForce } from "./ulimits.ts";
import { isUp, requireUp } from "./up.ts";
import { checkUpdate, describeUpdate, updatedHostConfig } from "./update-request.ts";

/**
 * Call it under the container's lock.
 * @throws `invalid`, `unsupported`, `conflict`, with Docker's texts where it has them; everything is then as before
 */
export async function updateContainer(
  parts: Parts,
  { container }: ContainerRecord,
  request: UpdateRequest,
): Promise<UpdateResult> {
  const { id, hostConfig: before } = container;
  return whileUpdating(parts, id, async () => {
    checkMayChange(container);
    const after = updatedHostConfig(before, request, parts.defaults);
    const { cgroups, host, defaults } = parts;
    const warnings = checkUpdate(before, after, { cgroups: cgroups.host, oci: host, ulimits: defaults.ulimits });
    await using undo = new AsyncDisposableStack();
    const files = isUp(container) ? await putInForce(parts, container, after, undo) : [];
    const { container: updated } = parts.records.update(id, { hostConfig: after }, { updating: undefined });
    undo.move();
    parts.step("update:recorded", id);
    emitContainer(parts, "update", updated);
    return { warnings, changes: describeUpdate(before, after, parts.cgroups.host, files) };
  });
}

/** @returns the files that were changed */
async function putInForce(
  parts: Parts,
  container: Container,
  after: HostConfig,
  undo: AsyncDisposableStack,
): Promise<ChangedFile[]> {
  const { records, step } = parts;
  const { id, hostConfig: before } = container;
  const former = ulimitsInForce(container, changedUlimits(before, after, parts.defaults.ulimits));
  records.update(id, {}, { updating: { hostConfig: after, ulimits: former } });
  undo.defer(() => void records.update(id, {}, { updating: undefined }));
  step("update:begun", id);
  await changeNetworkRate(parts, container, after, undo);
  resizeSharedMemory(container, after, undo);
  const files = changeGroup(parts, container, after, undo);
  // Last: a hard limit that was lowered cannot always be raised again.
  changeUlimits(parts, container, after, undo);
  step("update:applied", id);
  return files;
}

function changeGroup(parts: Parts, container: Container, next: HostConfig, undo: AsyncDisposableStack): ChangedFile[] {
  const { id, hostConfig } = container;
  const cgroups = cgroupsOf(parts, container);
  const [before, after] = [scoredLimitsOf(hostConfig, cgroups.host), scoredLimitsOf(next, cgroups.host)];
  const change = limitsBetween(before, after);
  if (Object.keys(change).length === 0) return [];
  const files = cgroups.update(id, change, { asked: before });
  undo.defer(() => void cgroups.update(id, limitsBetween(after, before), { asked: after }));
  parts.watch.changed(cgroups, id);
  return files;
}

/**
 * Puts the recorded limits in force again where they are not: somebody wrote files behind the engine.
 * @returns what was different
 * @throws `conflict` when it does not run
 */
export function repairLimits(parts: Parts, container: Container): LimitChange[] {
  requireUp(container);
  const cgroups = cgroupsOf(parts, container);
  return describeFiles(cgroups.repair(container.id, scoredLimitsOf(container.hostConfig, cgroups.host)));
}

/** For the next engine: what was recorded is put in force again after an update that a crash cut short. */
export async function undoUpdate(parts: Parts, { container, updating }: ContainerRecord): Promise<void> {
  if (updating === undefined) return;
  const { id, name, hostConfig } = container;
  if (isUp(container)) {
    const cut = { ...container, hostConfig: { ...updating.hostConfig, Ulimits: updating.hostConfig.Ulimits ?? [] } };
    const former = { ...hostConfig, Ulimits: joinUlimits(cut.hostConfig.Ulimits, updating.ulimits) };
    await using undo = new AsyncDisposableStack();
    try {
      repairLimits(parts, container);
      resizeSharedMemory(cut, former, undo);
      await changeNetworkRate(parts, cut, former, undo);
      changeUlimits(parts, cut, former, undo);
    } catch (error) {
      parts.logger.error(
        `An update of container ${name} was cut short, and not all of it is undone: ${messageOf(error)}`,
        { id },
      );
    }
    undo.move();
  }
  parts.records.update(id, {}, { updating: undefined });
}

function checkMayChange({ status }: Container): void {
  if (status !== "removing" && status !== "dead") return;
  throw conflict('container is marked for removal and cannot be "update"', "CTR_CONTAINER_REMOVING");
}

/** Docker says so of everything that concerns the container's present state. */
async function whileUpdating<T>(parts: Pick<Parts, "logger">, id: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (thrown) {
    const error = reasonOf(parts, id, thrown);
    if (!(error instanceof CtrError) || error.kind === "invalid" || error.kind === "unsupported") throw error;
    const { kind, code, hint } = error;
    throw new CtrError(kind, `Cannot update container ${id}: ${error.message}`, { code, hint, cause: error });
  }
}

/** What could not be undone is told in the log; the answer tells why there was something to undo. */
function reasonOf({ logger }: Pick<Parts, "logger">, id: string, thrown: unknown): unknown {
  if (!(thrown instanceof SuppressedError)) return thrown;
  logger.error(`A failed update of a container could not be undone as a whole: ${messageOf(thrown.error)}`, { id });
  return reasonOf({ logger }, id, thrown.suppressed);
}
