/** `--network container:x`: a container that lives in another one's network namespace, and shares its names. */
import { CtrError, conflict, invalid, systemFailure } from "../../lib/errors.ts";
import type { Container } from "../types.ts";
import { sharedWith } from "./network-mode.ts";
import type { ContainerRecords } from "./records.ts";
import { isUp } from "./up.ts";

/**
 * The container whose sandbox it uses: its own, or that of the one at the end of its `container:` mode.
 * @throws Docker's texts when one on the way is gone or does not run
 */
export function networkOwner(records: ContainerRecords, container: Container): Container {
  const reference = sharedWith(container.hostConfig);
  if (reference === undefined) return container;
  const target = findTarget(records, reference);
  if (target.id === container.id) throw invalid("cannot join own network namespace", "CTR_NETWORK_SHARED_SELF");
  if (target.status === "restarting") {
    throw conflict(
      `cannot join network namespace of container: Container ${target.id} is restarting, wait until the container is running`,
      "CTR_CONTAINER_RESTARTING",
    );
  }
  if (!isUp(target)) {
    throw conflict(
      `cannot join network namespace of a non running container: container ${target.name} is ${target.status}`,
      "CTR_CONTAINER_NOT_RUNNING",
    );
  }
  return networkOwner(records, target);
}

function findTarget(records: ContainerRecords, reference: string): Container {
  try {
    return records.find(reference).container;
  } catch (error) {
    if (!(error instanceof CtrError)) throw error;
    throw systemFailure(`joining network namespace of container: ${error.message}`, {
      code: "CTR_CONTAINER_NOT_FOUND",
      cause: error,
    });
  }
}

/** The mode with the target's id, so that it holds when the target is renamed. A target that is not there stays. */
export function withTargetId(records: ContainerRecords, mode: string): string {
  const reference = sharedWith({ NetworkMode: mode });
  if (reference === undefined) return mode;
  const target = targetId(records, reference);
  return target === undefined ? mode : `container:${target}`;
}

/** Containers that run in the sandbox of another one, directly or by way of a third. */
export function joinersOf(records: ContainerRecords, id: string): Container[] {
  return records
    .all()
    .map(({ container }) => container)
    .filter(
      (container) =>
        sharedWith(container.hostConfig) !== undefined &&
        isUp(container) &&
        container.id !== id &&
        sandboxIdOf(records, container) === id,
    );
}

/** Id of the container that the sandbox belongs to, whatever state the containers on the way are in. */
export function sandboxIdOf(records: ContainerRecords, { id, hostConfig }: Container): string {
  const seen = new Set([id]);
  let owner = id;
  for (let reference = sharedWith(hostConfig); reference !== undefined; ) {
    const next = targetId(records, reference);
    if (next === undefined || seen.has(next)) return owner;
    seen.add(next);
    owner = next;
    reference = sharedWith(records.find(next).container.hostConfig);
  }
  return owner;
}

function targetId(records: ContainerRecords, reference: string): string | undefined {
  try {
    return records.find(reference).container.id;
  } catch {
    return undefined;
  }
}
