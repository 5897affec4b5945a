/** One engine for one root: a lock that the kernel lets go of when the process ends, however it ends. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { conflict } from "../lib/errors.ts";
import { lastErrno, rawCall, SystemCallError } from "../lib/system/libc.ts";

const LOCK_EXCLUSIVE = 2;
const LOCK_NO_WAIT = 4;
const EAGAIN = 11;

export class RootLock implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Makes the directory when it is missing, and locks it.
   * @throws `conflict` that names the process which has it
   */
  static take(root: string): RootLock {
    mkdirSync(root, { recursive: true, mode: 0o711 });
    const path = join(root, "ctrd.lock");
    const fd = openSync(path, "a+", 0o600);
    if (rawCall("flock", fd, LOCK_EXCLUSIVE | LOCK_NO_WAIT) < 0) {
      const errno = lastErrno();
      const holder = readFileSync(path, "utf8").trim();
      closeSync(fd);
      if (errno !== EAGAIN) throw new SystemCallError("flock", errno, path);
      throw conflict(`ctrd is already running on ${root}, pid ${holder}`, {
        code: "CTR_ENGINE_RUNNING",
        hint: "stop it first, or give this one another --data-root and --exec-root",
      });
    }
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
    return new RootLock(fd);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
