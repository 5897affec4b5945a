/**
 * Holds programs at the moment of their start, in execve(2), until we have looked: permission events of fanotify(7). They
 * need CAP_SYS_ADMIN and a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS, as those of distributions are.
 */
import { closeSync, readFileSync, readSync, writeSync } from "node:fs";
import { hasCode } from "../errors.ts";
import { rawCall, systemCall } from "./libc.ts";
import { parseMountInfo } from "./mount.ts";

const FAN_CLOEXEC = 0x1;
const FAN_NONBLOCK = 0x2;
const FAN_CLASS_CONTENT = 0x4;
const FAN_MARK_ADD = 0x1;
const FAN_MARK_MOUNT = 0x10;
const FAN_OPEN_EXEC_PERM = 0x40000;
const FAN_ALLOW = 1;
const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;

/** `struct fanotify_event_metadata` and `struct fanotify_response`: bytes, and where their fields are. */
const EVENT = { size: 24, file: 16, pid: 20 };
const RESPONSE = { size: 8, file: 0, verdict: 4 };
const EVENTS_AT_ONCE = 16;

/** File systems of the kernel itself, which hold no programs. */
const WITHOUT_PROGRAMS: ReadonlySet<string> = new Set(["proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue"]);

/** Milliseconds between two looks: so long a program waits at most. */
const INTERVAL = 1;

export class ExecWatch implements Disposable {
  readonly #descriptor: number;
  readonly #onStart: (pid: number) => void;
  readonly #events = Buffer.alloc(EVENT.size * EVENTS_AT_ONCE);
  readonly #timer: NodeJS.Timeout;

  private constructor(descriptor: number, onStart: (pid: number) => void) {
    this.#descriptor = descriptor;
    this.#onStart = onStart;
    this.#timer = setInterval(() => this.#look(), INTERVAL);
  }

  /**
   * Every program of the mounts that a process sees waits at its start for `onStart`. Once the watch is disposed, or this
   * process has ended, the kernel lets all go on.
   * @param pid of a process in the mount namespace
   * @param onStart is told the process in which a program is about to begin. It must not throw, nor wait for such a program
   * @throws {SystemCallError} where the kernel, or our privileges, allow no watch
   */
  static of(pid: number, onStart: (pid: number) => void): ExecWatch {
    const flags = FAN_CLOEXEC | FAN_NONBLOCK | FAN_CLASS_CONTENT;
    const descriptor = systemCall("fanotify_init", "of programs", flags, O_CLOEXEC);
    for (const { target, type } of parseMountInfo(readFileSync(`/proc/${pid}/mountinfo`, "utf8"))) {
      // A mount below another one, or gone meanwhile, has no programs either.
      if (!WITHOUT_PROGRAMS.has(type)) watchMount(descriptor, `/proc/${pid}/root${target}`);
    }
    return new ExecWatch(descriptor, onStart);
  }

  #look(): void {
    const length = this.#read();
    for (let at = 0; at < length; at += EVENT.size) {
      this.#onStart(this.#events.readInt32LE(at + EVENT.pid));
      this.#letGo(this.#events.readInt32LE(at + EVENT.file));
    }
  }

  /** @returns bytes */
  #read(): number {
    try {
      return readSync(this.#descriptor, this.#events);
    } catch (error) {
      if (hasCode(error, "EAGAIN")) return 0;
      throw error;
    }
  }

  /** @param file of the event, by which the kernel knows which program is meant */
  #letGo(file: number): void {
    const response = Buffer.alloc(RESPONSE.size);
    response.writeInt32LE(file, RESPONSE.file);
    response.writeUInt32LE(FAN_ALLOW, RESPONSE.verdict);
    try {
      writeSync(this.#descriptor, response);
    } catch (error) {
      // It was killed while it waited.
      if (!hasCode(error, "ENOENT")) throw error;
    } finally {
      closeSync(file);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    closeSync(this.#descriptor);
  }
}

const watchMount = (descriptor: number, path: string): number =>
  rawCall("fanotify_mark", descriptor, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_EXEC_PERM, AT_FDCWD, path);
