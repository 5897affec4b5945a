/** Removing a container that does not run: its layer, its files, its addresses and its name. */
import { rm } from "node:fs/promises";
import { messageOf } from "../../lib/errors.ts";
import { teardown } from "../../lib/teardown.ts";
import { emitContainer } from "./describe.ts";
import type { Parts } from "./parts.ts";
import type { ContainerRecord } from "./records.ts";
import { anonymousVolumes } from "./volumes.ts";

/**
 * Goes on whatever fails; what is left over is removed when the engine starts again.
 * @param options `volumes`: also those of its volumes that have no name and that no other container has
 */
export async function removeContainer(
  parts: Parts,
  record: ContainerRecord,
  { volumes }: { readonly volumes: boolean },
): Promise<void> {
  const { records, snapshots, network, monitor, paths, waiters, step, logger } = parts;
  const { id, name, exitCode } = record.container;
  // From here on a crash leads to the end of the removal, not to a container without its files.
  const removing = records.update(id, { status: "removing" });
  step("remove:begun", id);
  monitor.release(id);
  try {
    const layerGone = snapshots.remove(id);
    const filesGone = rm(paths.directory(id), { recursive: true, force: true });
    await Promise.allSettled([layerGone, filesGone]);
    await teardown(`container ${name}`, [
      { what: "its layer", run: () => layerGone },
      { what: "its files", run: () => filesGone },
    ]);
  } catch (error) {
    logger.error(messageOf(error), { id });
  }
  step("remove:snapshot", id);
  // A sandbox that was kept for others goes with its owner: they keep the namespace, without cables.
  await network.tearDown(id).catch((error: unknown) => logger.error(messageOf(error), { id }));
  network.releaseEndpoints(id);
  records.delete(id);
  if (volumes) await parts.volumes.removeUnused(anonymousVolumes(record.container));
  step("remove:recorded", id);
  emitContainer(parts, "destroy", removing.container);
  waiters.removed(id, { exitCode });
}
