/** The end of a run: everything that the start made is taken away, and the outcome is recorded. */
import { setTimeout as delay } from "node:timers/promises";
import type { Cgroups } from "../../cgroups/index.ts";
import { messageOf } from "../../lib/errors.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import { isAlive, signalProcess } from "../../lib/system/process.ts";
import { teardown } from "../../lib/teardown.ts";
import { exitFactsOf, writeExitFacts } from "../limits/facts.ts";
import { groupNameOf } from "../limits/index.ts";
import type { MonitoredProcess } from "../monitor/index.ts";
import type { Container } from "../types.ts";
import { emitContainer, emitNetworks, timeText } from "./describe.ts";
import { cgroupsOf, limitsOf } from "./limits.ts";
import { closeLinks } from "./link-grants.ts";
import type { Parts } from "./parts.ts";
import type { ContainerRecord } from "./records.ts";
import { joinersOf, sandboxIdOf } from "./shared-network.ts";
import { isUp } from "./up.ts";
import { emitVolumes } from "./volumes.ts";

/** When nobody knows the exit code: the host went down, or conmon was killed. As Docker. */
export const UNKNOWN_EXIT_CODE = 255;

/** Milliseconds that conmon gets to end after it has written the exit code. */
const CONMON_GRACE = 2000;

/**
 * Tears a run down and records its end. What cannot be taken away is logged, and tried again when the engine starts.
 * @param exitCode as conmon wrote it
 * @returns the record afterwards
 */
export async function finishContainer(
  parts: Parts,
  record: ContainerRecord,
  exitCode: number,
  ended: Date,
): Promise<ContainerRecord> {
  const { records, step } = parts;
  const { id } = record.container;
  step("exit:noticed", id);
  await keepFacts(parts, record, exitCode, ended);
  await tearDownRun(parts, record);
  step("exit:torn-down", id);
  const finished = records.update(
    id,
    {
      status: "exited",
      pid: 0,
      ports: [],
      exitCode: exitCode < 0 ? UNKNOWN_EXIT_CODE : exitCode,
      finishedAt: timeText(behind(record.container.startedAt, ended)),
    },
    { init: undefined, conmon: undefined, before: undefined },
  );
  step("exit:recorded", id);
  parts.monitor.exits.forget(id);
  await releaseShared(parts, finished.container);
  announceEnd(parts, finished);
  return finished;
}

/** The end is a file's time, for which the kernel's clock lags by a tick: a short run would seem to end before it began. */
const behind = (startedAt: string, ended: Date): Date => new Date(Math.max(ended.getTime(), Date.parse(startedAt) + 1));

/** What the kernel has counted goes with the group: it is told of, and kept. */
async function keepFacts(parts: Parts, record: ContainerRecord, exitCode: number, ended: Date): Promise<void> {
  const { records, watch, paths, logger } = parts;
  const cgroups = cgroupsOf(parts, record.container);
  const { container, ending, lastVictim } = record;
  const { id, name, hostConfig, startedAt } = container;
  await watch.finish(cgroups, id);
  if (!container.oomKilled && cgroups.oomKills(id) > 0) records.update(id, { oomKilled: true });
  // One that is removed at once is asked about by nobody.
  if (hostConfig.AutoRemove === true || !cgroups.exists(id)) return;
  try {
    const times = { started: Date.parse(startedAt), ended: ended.getTime() };
    const run = { id, name, asked: limitsOf(hostConfig), ...times, exitCode, ending, lastVictim };
    writeExitFacts(paths.exitFacts(id), exitFactsOf(cgroups, watch, run));
  } catch (error) {
    logger.error(`The facts about the end of container ${name} could not be kept: ${messageOf(error)}`, { id });
  }
}

/**
 * The last one to run in the sandbox of a container that has ended takes the sandbox away. Call it when the record says
 * that it has ended: whoever of both comes second then sees the first.
 */
export async function releaseShared(parts: Parts, container: Container): Promise<void> {
  const { records, network, lock, logger } = parts;
  const owner = sandboxIdOf(records, container);
  if (owner === container.id) return;
  await lock.run(owner, async () => {
    const present = records.get(owner)?.container;
    if ((present !== undefined && isUp(present)) || joinersOf(records, owner).length > 0) return;
    await network.tearDown(owner).catch((error: unknown) => logger.error(messageOf(error), { id: owner }));
  });
}

/** Takes away all that belongs to a run, also of one that was only half begun. */
export async function tearDownRun(parts: Parts, record: ContainerRecord): Promise<void> {
  const { container, init, conmon } = record;
  const { id, name } = container;
  const { monitor, network, snapshots, watch, paths, logger } = parts;
  const cgroups = cgroupsOf(parts, container);
  const outputTaken = monitor.release(id);
  watch.remove(cgroups, id);
  try {
    await cgroups.kill(id).catch((error: unknown) => logger.error(messageOf(error), { id }));
    // The kernel takes its time to let a network go, so the rest is taken away meanwhile.
    const networkGone = network.tearDown(id, { keep: joinersOf(parts.records, id).length > 0 });
    networkGone.catch(() => {});
    await teardown(`container ${name}`, [
      { what: "the OCI runtime's state", run: () => monitor.state.delete(id, init) },
      { what: "its root file system", run: () => snapshots.unmount(id) },
      { what: "its cgroup", run: () => removeGroup(parts, cgroups, id) },
      { what: "its conmon", run: () => conmonGone(conmon) },
      { what: "its clients", run: () => outputTaken },
      { what: "its bundle", run: () => removeTree(paths.bundle(id)) },
      { what: "its network", run: () => networkGone },
      { what: "its links", run: () => closeLinks(parts, id) },
    ]);
  } catch (error) {
    logger.error(messageOf(error), { id });
  }
}

/** Also the group above, when nothing but the container's name for it had made it. */
async function removeGroup({ cgroups, groups }: Parts, among: Cgroups, id: string): Promise<void> {
  await among.remove(id);
  const above = groupNameOf(cgroups, among);
  if (above !== undefined) groups.release(above);
}

/** Ends the processes of a start that failed half way. */
export async function endProcesses(
  parts: Parts,
  container: Container,
  processes: MonitoredProcess | undefined,
): Promise<void> {
  const { monitor } = parts;
  const { id } = container;
  await cgroupsOf(parts, container).kill(id);
  await monitor.state.delete(id, processes?.init);
  // conmon writes an exit code now, which the next run must not take for its own.
  await conmonGone(processes?.conmon);
  monitor.exits.forget(id);
}

/** conmon removes its socket last: it must be gone before a new one makes a socket of the same name. */
async function conmonGone(conmon: MonitoredProcess["conmon"] | undefined): Promise<void> {
  if (conmon === undefined) return;
  const deadline = Date.now() + CONMON_GRACE;
  while (isAlive(conmon)) {
    if (Date.now() > deadline) {
      signalProcess(conmon.pid, "SIGKILL");
      return;
    }
    await delay(1);
  }
}

function announceEnd(parts: Parts, { container }: ContainerRecord): void {
  const seconds = Math.floor((Date.parse(container.finishedAt) - Date.parse(container.startedAt)) / 1000);
  emitContainer(parts, "die", container, {
    exitCode: String(container.exitCode),
    execDuration: String(Math.max(0, seconds)),
  });
  emitNetworks(parts, "disconnect", container.id);
  emitVolumes(parts, "unmount", container);
}
