/**
 * Makes state and machine agree again after the engine, or the whole host, went down at any moment. What runs is found
 * again; what ended meanwhile is finished; what was half made, or belongs to nobody, is taken away.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../lib/errors.ts";
import { isFullId } from "../../lib/ids.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import { isAlive, type ProcessIdentity, signalProcess } from "../../lib/system/process.ts";
import type { PublishedPort } from "../../netns/index.ts";
import { findConmon, findMonitored } from "../monitor/index.ts";
import type { Container } from "../types.ts";
import { removeEndedExecs } from "./exec-groups.ts";
import { finishContainer, tearDownRun, UNKNOWN_EXIT_CODE } from "./finish.ts";
import { leftGroups } from "./group-members.ts";
import { type Life, policyOf } from "./life.ts";
import { cgroupsOf } from "./limits.ts";
import { settleNames } from "./live-names.ts";
import type { Parts } from "./parts.ts";
import { statusInKernel } from "./pause.ts";
import { strayPorts } from "./published-ports.ts";
import type { ContainerRecord } from "./records.ts";
import { shouldStartWithEngine } from "./restart-policy.ts";
import { sandboxIdOf } from "./shared-network.ts";
import { needsOf, startInOrder } from "./start-order.ts";
import { isUp } from "./up.ts";
import { undoUpdate } from "./update.ts";

/** What became of a container that was recorded as running. */
type Fate =
  | { readonly kind: "runs"; readonly init: ProcessIdentity; readonly conmon: ProcessIdentity }
  | { readonly kind: "ended"; readonly exitCode: number; readonly ended: Date }
  /** The engine went down between making it and letting it run. */
  | { readonly kind: "half made" };

/** Call it before anything else happens to containers. Single failures are logged: one container holds up no other. */
export async function reconcile(parts: Parts, life: Life): Promise<void> {
  const { records, network, paths } = parts;
  mkdirSync(paths.containers, { recursive: true, mode: 0o710 });
  mkdirSync(paths.bundles, { recursive: true, mode: 0o700 });
  const fates = fatesOf(parts);
  const live = new Set([...fates].flatMap(([id, { kind }]) => (kind === "runs" ? [id] : [])));
  const known = new Set(records.all().map(({ container }) => container.id));
  await attempt(parts, "the networks", () => network.reconcile(withOwners(parts, live), known));
  for (const [id, fate] of fates) await attempt(parts, id, () => settle(parts, id, fate));
  await removeLeftOvers(parts, live, known);
  for (const { container } of records.all()) {
    const { id, status, hostConfig } = container;
    const removed = status === "removing" || (status === "exited" && hostConfig.AutoRemove === true);
    const volumes = hostConfig.AutoRemove === true;
    if (removed) await attempt(parts, id, () => life.remove(id, { volumes }));
  }
}

/** Starts what is to run whenever the engine does. Failures are logged. */
export function startWithEngine(parts: Parts, life: Life): void {
  const { records, lock } = parts;
  const due = records.all().flatMap(({ container, stoppedByUser }) => {
    const { id, status, exitCode, restartCount } = container;
    const ended = status === "exited" || status === "restarting";
    const starts = ended && shouldStartWithEngine(policyOf(container), { exitCode, restartCount, stoppedByUser });
    return starts ? [id] : [];
  });
  const start = (id: string): Promise<void> =>
    lock.run(id, async () => {
      const record = records.get(id);
      if (record !== undefined) await attempt(parts, id, () => life.start(record));
    });
  const needs = (id: string): string[] => {
    const record = records.get(id);
    return record === undefined ? [] : needsOf(records, record.container);
  };
  void startInOrder(due, needs, start);
}

/** With the containers, ended or not, whose sandboxes are still in use. */
function withOwners({ records }: Parts, live: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...live].flatMap((id) => [id, sandboxIdOf(records, records.find(id).container)]));
}

function fatesOf({ records, monitor, paths }: Parts): Map<string, Fate> {
  const fates = new Map<string, Fate>();
  for (const { container } of records.all()) {
    const { id } = container;
    if (!isUp(container)) continue;
    const exitCode = monitor.exits.codeOf(id);
    const found = exitCode === undefined ? findMonitored(paths.bundle(id), id) : undefined;
    if (found === undefined) {
      const ended = monitor.exits.timeOf(id) ?? new Date();
      fates.set(id, { kind: "ended", exitCode: exitCode ?? UNKNOWN_EXIT_CODE, ended });
    } else if (monitor.state.isWaiting(id)) {
      fates.set(id, { kind: "half made" });
    } else {
      fates.set(id, { kind: "runs", ...found });
    }
  }
  return fates;
}

async function settle(parts: Parts, id: string, fate: Fate): Promise<void> {
  const record = parts.records.find(id);
  const { lastVictim, container } = record;
  if (fate.kind !== "half made")
    parts.watch.resume(cgroupsOf(parts, container), id, { after: lastVictim ?? -1, oomKilled: container.oomKilled });
  switch (fate.kind) {
    case "runs": {
      const ports = await settlePorts(parts, record.container);
      settleNames(parts, record.container);
      const { init, conmon } = fate;
      const status = statusInKernel(parts, container);
      const found = parts.records.update(id, { status, pid: init.pid, ports }, { init, conmon });
      await undoUpdate(parts, found);
      await removeEndedExecs(parts, found.container);
      return;
    }
    case "half made":
      return rollBack(parts, record);
    case "ended": {
      const { container } = await finishContainer(parts, record, fate.exitCode, fate.ended);
      parts.logger.info(`Container ${container.name} has ended with code ${container.exitCode}.`, { id });
    }
  }
}

/** Ports in force that the container does not ask for are those whose coming or going was cut short: they go. */
async function settlePorts({ network }: Parts, container: Container): Promise<readonly PublishedPort[]> {
  const stray = strayPorts(container, network.sandboxOf(container.id)?.ports ?? []);
  if (stray.length > 0) await network.unpublish(container.id, stray);
  return network.sandboxOf(container.id)?.ports ?? [];
}

async function rollBack(parts: Parts, record: ContainerRecord): Promise<void> {
  const { id } = record.container;
  await tearDownRun(parts, record);
  parts.monitor.exits.forget(id);
  const { status = "created", startedAt = record.container.startedAt } = record.before ?? {};
  parts.records.update(
    id,
    { status: status === "restarting" ? "exited" : status, startedAt, pid: 0, ports: [] },
    { init: undefined, conmon: undefined, before: undefined },
  );
}

/** Everything of ours on this machine that belongs to no container that runs, or to no container at all. */
async function removeLeftOvers(parts: Parts, live: ReadonlySet<string>, known: ReadonlySet<string>): Promise<void> {
  const { monitor, snapshots, paths } = parts;
  const dead = (ids: readonly string[]): string[] => ids.filter((id) => isFullId(id) && !live.has(id));
  const bundles = dead(readdirSync(paths.bundles));
  // First of all: a conmon in the middle of making a container would go on making it. What it has made so far, apart
  // from what is in the cgroup, ends with it (conmon and runc see to that by pipes and parent-death signals).
  for (const id of bundles) await endConmon(paths.bundle(id), id);
  for (const [cgroups, id] of leftGroups(parts)) {
    if (live.has(id)) continue;
    await attempt(parts, `the cgroup of ${id}`, async () => {
      await cgroups.kill(id);
      await cgroups.remove(id);
    });
  }
  parts.groups.reconcile();
  for (const id of dead(readdirSync(monitor.state.root))) {
    await attempt(parts, `the runtime's state of ${id}`, () => monitor.state.delete(id, undefined));
  }
  for (const id of known) if (!live.has(id)) snapshots.unmount(id);
  for (const id of bundles) removeTree(paths.bundle(id));
  for (const id of dead(monitor.exits.list())) monitor.exits.forget(id);
  // Creations that did not come to their end.
  for (const id of snapshots.list()) {
    if (!known.has(id)) await attempt(parts, `the layer of ${id}`, () => snapshots.remove(id));
  }
  for (const id of readdirSync(paths.containers)) {
    if (isFullId(id) && !known.has(id)) rmSync(paths.directory(id), { recursive: true, force: true });
  }
}

async function endConmon(bundle: string, id: string): Promise<void> {
  const conmon = findConmon(bundle, id);
  if (conmon === undefined) return;
  signalProcess(conmon.pid, "SIGKILL");
  while (isAlive(conmon)) await delay(1);
}

async function attempt({ logger }: Pick<Parts, "logger">, what: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    logger.error(`Could not bring ${what} back into order: ${messageOf(error)}`);
  }
}
