/** Changes options of a mounted file system, wherever it is mounted: also in another mount namespace. */
import { closeSync } from "node:fs";
import { systemCall } from "./libc.ts";

const FSPICK = 433;
const FSCONFIG = 431;

/** From `linux/mount.h`. */
const FSPICK_CLOEXEC = 1;
const FSPICK_EMPTY_PATH = 8;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_RECONFIGURE = 7;

/**
 * @param fd of the mount's root; `O_PATH` is enough
 * @param object for error texts: the path
 * @throws {SystemCallError} `EINVAL` when it is not the root of a mount, or the file system refuses the value; `ENOSYS`
 * before Linux 5.2
 */
export function reconfigureMount(fd: number, object: string, options: Readonly<Record<string, string>>): void {
  const context = systemCall("fspick", object, FSPICK, fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
  try {
    for (const [key, value] of Object.entries(options)) {
      systemCall("fsconfig", object, FSCONFIG, context, FSCONFIG_SET_STRING, key, value, 0);
    }
    systemCall("fsconfig", object, FSCONFIG, context, FSCONFIG_CMD_RECONFIGURE, null, null, 0);
  } finally {
    closeSync(context);
  }
}
