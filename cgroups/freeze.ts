/** Stops and continues all processes of a group: cgroup.freeze of v2, or the freezer hierarchy of a legacy host. */
import { setTimeout as delay } from "node:timers/promises";
import { hasCode, notFound, systemFailure } from "../lib/errors.ts";
import { PATIENCE, waitForEvent } from "./events.ts";
import { readOptional } from "./group-files.ts";
import { counter } from "./keyed.ts";
import type { GroupTree } from "./tree.ts";

/**
 * Resolves when every process has stopped (or, thawing, may run). Thawing undoes both ways of a hybrid host: we freeze by
 * v2 there, others, such as runc itself, by v1.
 * @throws `notFound`, `system` when the kernel does not manage it in time
 */
export async function setFrozen(tree: GroupTree, id: string, frozen: boolean): Promise<void> {
  try {
    const unified = tree.unifiedDirectory(id);
    const byFreezer = unified === undefined || (!frozen && isFrozenByFreezer(tree, id));
    const done = !byFreezer || (await setState(tree, id, frozen));
    if (done && (unified === undefined || (await setFreeze(tree, unified, frozen)))) return;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENODEV"))
      throw notFound(`no such cgroup: ${tree.pathOf(id)}`, "CTR_CGROUP_NOT_FOUND");
    throw error;
  }
  throw systemFailure(
    `the cgroup ${tree.pathOf(id)} did not ${frozen ? "freeze" : "thaw"} within ${PATIENCE / 1000} s`,
    {
      code: "CTR_CGROUP_FREEZE_TIMEOUT",
      hint: frozen
        ? "a process in uninterruptible sleep (state D in ps) cannot be frozen"
        : "a group above it may be frozen: nothing in it runs until that one is thawed",
    },
  );
}

/** By itself, which {@link setFrozen} can undo, and not only by a group above. False for a group that is gone. */
export function isFrozenItself(tree: GroupTree, id: string): boolean {
  const unified = tree.unifiedDirectory(id);
  const freeze = unified === undefined ? undefined : readOptional(tree.host.files, `${unified}/cgroup.freeze`);
  return freeze?.trim() === "1" || isFrozenByFreezer(tree, id);
}

/** By the freezer hierarchy of v1, which a hybrid host has beside v2. */
export function isFrozenByFreezer(tree: GroupTree, id: string): boolean {
  const legacy = tree.controllerDirectory("freezer", id);
  return legacy !== undefined && readOptional(tree.host.files, `${legacy}/freezer.self_freezing`)?.trim() === "1";
}

/** By itself or by a group above, whoever asked for it. False for a group that is gone. */
export function isFrozen(tree: GroupTree, id: string): boolean {
  const { files } = tree.host;
  const unified = tree.unifiedDirectory(id);
  const events = unified === undefined ? "" : (readOptional(files, `${unified}/cgroup.events`) ?? "");
  if (counter(events, "frozen") === 1) return true;
  if (isFrozenItself(tree, id)) return true;
  const legacy = tree.controllerDirectory("freezer", id);
  return legacy !== undefined && (readOptional(files, `${legacy}/freezer.state`)?.trim() ?? "THAWED") !== "THAWED";
}

async function setFreeze(tree: GroupTree, directory: string, frozen: boolean): Promise<boolean> {
  const { files } = tree.host;
  files.write(`${directory}/cgroup.freeze`, frozen ? "1" : "0");
  const done = await waitForEvent(files, directory, "frozen", frozen ? 1 : 0);
  if (!done && frozen) files.write(`${directory}/cgroup.freeze`, "0");
  return done;
}

/**
 * v1: the kernel stays in FREEZING when processes appear meanwhile, until the state is read and written again. It
 * announces nothing, so this looks again after growing pauses.
 */
async function setState(tree: GroupTree, id: string, frozen: boolean): Promise<boolean> {
  const { files } = tree.host;
  const file = `${tree.controllerDirectory("freezer", id)}/freezer.state`;
  const wanted = frozen ? "FROZEN" : "THAWED";
  const deadline = performance.now() + PATIENCE;
  for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
    files.write(file, wanted);
    if (files.read(file) === wanted) return true;
    if (performance.now() > deadline) break;
    await delay(pause);
  }
  files.write(file, "THAWED");
  return false;
}
