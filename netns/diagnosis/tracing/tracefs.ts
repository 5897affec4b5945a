/**
 * The kernel's trace file system, reached without a mount point: fsmount(2) gives a mount that only a descriptor leads to,
 * and that is gone with it. Nobody else sees it, and nothing is left of it when this process is killed. Linux 5.2 and later;
 * needs CAP_SYS_ADMIN. See the kernel's Documentation/trace/ftrace.rst
 */
import { closeSync } from "node:fs";
import { systemCall } from "../../../lib/system/libc.ts";

/** Numbers of system calls that are the same on every architecture. */
const FSOPEN = 430;
const FSCONFIG = 431;
const FSMOUNT = 432;
/** From `linux/mount.h`. */
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;

export class Tracefs implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @throws {SystemCallError} `ENODEV` for a kernel without it, `EPERM`, `ENOSYS` */
  static open(): Tracefs {
    const context = systemCall("fsopen", "tracefs", FSOPEN, "tracefs", FSOPEN_CLOEXEC);
    try {
      systemCall("fsconfig", "tracefs", FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0);
      return new Tracefs(systemCall("fsmount", "tracefs", FSMOUNT, context, FSMOUNT_CLOEXEC, 0));
    } finally {
      closeSync(context);
    }
  }

  /** Path of its root, while it is open. */
  get root(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
