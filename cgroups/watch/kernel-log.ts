/** Reads what the kernel says in its log, record by record. See Documentation/ABI/testing/dev-kmsg. */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import { rawCall } from "../../lib/system/libc.ts";

export interface KernelRecord {
  /** Counts up from boot. */
  readonly sequence: number;
  /** Microseconds after boot. */
  readonly time: number;
  readonly text: string;
}

/** A record is at most this long. */
const LONGEST = 8192;
const buffer = Buffer.allocUnsafe(LONGEST);

/** `struct pollfd`, see poll(2). */
const POLLFD_SIZE = 8;
const POLLIN = 1;

export class KernelLog implements Disposable {
  readonly #fd: number;
  readonly #pollfd = Buffer.alloc(POLLFD_SIZE);

  private constructor(fd: number) {
    this.#fd = fd;
    this.#pollfd.writeInt32LE(fd, 0);
    this.#pollfd.writeInt16LE(POLLIN, 4);
  }

  /**
   * Begins with the oldest record that the kernel still has.
   * @returns undefined where we may not read it (no CAP_SYSLOG, or no /dev/kmsg)
   */
  static open(path = "/dev/kmsg"): KernelLog | undefined {
    try {
      return new KernelLog(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    } catch (error) {
      if (hasCode(error, "ENOENT", "EACCES", "EPERM", "ENODEV", "ENXIO")) return undefined;
      throw error;
    }
  }

  /** The records since the last call. Never waits: 1 µs when there is none. */
  read(): KernelRecord[] {
    const records: KernelRecord[] = [];
    while (this.#hasMore()) {
      try {
        const length = readSync(this.#fd, buffer, 0, LONGEST, null);
        if (length === 0) return records;
        const record = parseRecord(buffer.toString("utf8", 0, length));
        if (record !== undefined) records.push(record);
      } catch (error) {
        // Older records were overwritten: the next read goes on with the oldest that is left.
        if (hasCode(error, "EPIPE")) continue;
        if (hasCode(error, "EAGAIN")) return records;
        throw error;
      }
    }
    return records;
  }

  /** Asked before each read: one that finds nothing costs an error with its stack, 30 µs, several times a second. */
  #hasMore(): boolean {
    return rawCall("poll", this.#pollfd, 1, 0) > 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** `6,1042,23367957995,-;text`, then lines of details that begin with a space. */
export function parseRecord(line: string): KernelRecord | undefined {
  const match = /^\d+,(\d+),(\d+),[^;]*;([^\n]*)/.exec(line);
  if (match === null) return undefined;
  return { sequence: Number(match[1]), time: Number(match[2]), text: match[3] ?? "" };
}
