/** The size of /dev/shm while its container runs. */
import { closeSync, fstatSync, readFileSync } from "node:fs";
import { conflict, hasCode, messageOf, systemFailure, unsupported } from "../../lib/errors.ts";
import { reconfigureMount } from "../../lib/system/reconfigure.ts";
import { openInRoot } from "../oci/index.ts";
import type { Container, HostConfig } from "../types.ts";

const PLACE = "/dev/shm";

/**
 * @throws `conflict` when it is not the container's own, or holds more than it may
 */
export function resizeSharedMemory(
  container: Container,
  { ShmSize: after }: HostConfig,
  undo: AsyncDisposableStack,
): void {
  const { ShmSize: before } = container.hostConfig;
  if (after === undefined || after === before) return;
  resize(container, after);
  if (before !== undefined) undo.defer(() => resize(container, before));
}

function resize({ id, name, pid }: Container, size: number): void {
  const fd = unlessGone(id, () => openOwn(pid));
  if (fd === undefined) {
    throw conflict(`container ${name} has no /dev/shm of its own`, {
      code: "CTR_SHM_NOT_OWN",
      hint: "it was made with --ipc host or none, or a mount is there",
    });
  }
  try {
    reconfigureMount(fd, PLACE, { size: String(size) });
  } catch (error) {
    throw refusal(name, size, error);
  } finally {
    closeSync(fd);
  }
}

/**
 * The file system that the runtime mounted there, and no other: the container's processes may have put a link to one of
 * the host's in its place.
 */
function openOwn(pid: number): number | undefined {
  const line = readFileSync(`/proc/${pid}/mountinfo`, "utf8")
    .split("\n")
    .findLast((line) => line.split(" ")[4] === PLACE && line.includes(" - tmpfs shm "));
  const device = line?.split(" ")[2];
  const fd = device === undefined ? undefined : openInRoot(`/proc/${pid}/root`, PLACE);
  if (fd === undefined || deviceName(fstatSync(fd).dev) === device) return fd;
  closeSync(fd);
  return undefined;
}

/** @throws `conflict` when the first process ends meanwhile */
function unlessGone<T>(id: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ESRCH", "EINVAL")) throw error;
    throw conflict(`container ${id} is not running`, { code: "CTR_CONTAINER_NOT_RUNNING", cause: error });
  }
}

/** As mountinfo writes it, see makedev(3). */
const deviceName = (dev: number): string => `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;

function refusal(name: string, size: number, error: unknown): Error {
  if (hasCode(error, "EINVAL")) {
    return conflict(`cannot make /dev/shm of container ${name} as small as ${size} bytes: it holds more`, {
      code: "CTR_SHM_IN_USE",
      hint: `remove files first: ctr exec ${name} ls -l /dev/shm`,
      cause: error,
    });
  }
  if (hasCode(error, "ENOSYS")) {
    return unsupported("the size of /dev/shm can be changed only since Linux 5.2", {
      code: "CTR_SHM_RESIZE_UNSUPPORTED",
      hint: "create the container again with --shm-size",
    });
  }
  return systemFailure(`cannot resize /dev/shm of container ${name}: ${messageOf(error)}`, {
    code: "CTR_SHM_RESIZE_FAILED",
    cause: error,
  });
}
