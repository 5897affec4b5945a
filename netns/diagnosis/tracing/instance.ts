/**
 * A set of kernel events of our own: an instance of the trace file system, with its own buffer, filters and switches, so
 * that nobody else who traces is disturbed. The kernel keeps an instance when its maker is killed; it is then removed by the
 * next one that starts: an instance whose pipe is open cannot be removed, and so tells which are in use.
 */
import { closeSync, constants, mkdirSync, openSync, readdirSync, readSync, rmdirSync, writeFileSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../../lib/errors.ts";
import { type KernelEvent, parseEvents } from "./events.ts";
import { Tracefs } from "./tracefs.ts";

const PREFIX = "ctr_probe_";
const READ_LENGTH = 64 * 1024;
/** Pages that one look reads at most: the rest waits for the next one. */
const MOST_READS = 64;
const ATTEMPTS = 3;
const MARKS = 5;
/** It is gone, or is just being removed. */
const REMOVED_BY_OTHERS = ["ENOENT", "ENODEV"] as const;

/** How many this process has made: each has a name of its own. */
let made = 0;

/** `skb/kfree_skb`, and which of its events: an expression over its fields; empty for all. */
export interface EventChoice {
  readonly event: string;
  readonly filter: string;
}

export class TraceInstance implements AsyncDisposable {
  /** As the kernel counts processes: in its first process namespace. */
  readonly pid: number;
  readonly #tracefs: Tracefs;
  readonly #directory: string;
  readonly #pipe: number;
  readonly #buffer = Buffer.allocUnsafe(READ_LENGTH);
  /** Milliseconds of {@link performance.now} less those of the kernel's trace clock. */
  readonly #offset: number;
  #rest = "";

  private constructor(tracefs: Tracefs, directory: string, pipe: number) {
    this.#tracefs = tracefs;
    this.#directory = directory;
    this.#pipe = pipe;
    const { pid, offset } = this.#synchronize();
    this.pid = pid;
    this.#offset = offset;
  }

  /**
   * Makes an instance whose events are off. 3 ms.
   * @throws {SystemCallError} and Node's system errors, where the kernel has none or forbids it
   */
  static start(): TraceInstance {
    const tracefs = Tracefs.open();
    try {
      const instances = join(tracefs.root, "instances");
      removeLeftovers(instances);
      for (let attempt = 1; ; attempt++) {
        made++;
        const directory = join(instances, `${PREFIX}${process.pid}_${made}`);
        try {
          return TraceInstance.#make(tracefs, directory);
        } catch (error) {
          // Another one of ours has taken it for a leftover, or is in another process namespace and has our number.
          if (attempt === ATTEMPTS || !hasCode(error, "EEXIST", ...REMOVED_BY_OTHERS)) throw error;
        }
      }
    } catch (error) {
      tracefs[Symbol.dispose]();
      throw error;
    }
  }

  static #make(tracefs: Tracefs, directory: string): TraceInstance {
    mkdirSync(directory);
    const pipe = openSync(join(directory, "trace_pipe"), constants.O_RDONLY | constants.O_NONBLOCK);
    return new TraceInstance(tracefs, directory, pipe);
  }

  /** Switches an event on. @throws Node's system error `ENOENT` for one that the kernel does not have */
  enable({ event, filter }: EventChoice): void {
    const directory = join(this.#directory, "events", event);
    if (filter !== "") writeFileSync(join(directory, "filter"), filter);
    writeFileSync(join(directory, "enable"), "1");
  }

  disable(event: string): void {
    writeFileSync(join(this.#directory, "events", event, "enable"), "0");
  }

  /** What has happened since the last call, with times of {@link performance.now}. Never waits. */
  events(): KernelEvent[] {
    return this.#read().map((event) => ({ ...event, at: event.at + this.#offset }));
  }

  /** The kernel takes some 25 ms for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    closeSync(this.#pipe);
    try {
      await rmdir(this.#directory);
    } catch (error) {
      // Without its pipe it is a leftover for another one of ours that starts now.
      if (!hasCode(error, ...REMOVED_BY_OTHERS)) throw error;
    } finally {
      this.#tracefs[Symbol.dispose]();
    }
  }

  /** Compares the clocks by what we write into the trace: the narrowest of some marks counts, others were held up. */
  #synchronize(): { readonly pid: number; readonly offset: number } {
    const marks = Array.from({ length: MARKS }, () => {
      const before = performance.now();
      writeFileSync(join(this.#directory, "trace_marker"), "clock");
      return { middle: (before + performance.now()) / 2, width: performance.now() - before };
    });
    const seen = this.#read().filter(({ kind }) => kind === "mark");
    const narrowest = marks.reduce((best, mark, index) => (mark.width < (marks[best]?.width ?? 0) ? index : best), 0);
    const [mark, event] = [marks[narrowest], seen[narrowest]];
    if (mark === undefined || event === undefined)
      throw new Error("the kernel's trace does not show what is written to it");
    return { pid: event.pid, offset: mark.middle - event.at };
  }

  #read(): KernelEvent[] {
    let text = this.#rest;
    for (let count = 0; count < MOST_READS; count++) {
      const length = this.#readSome();
      if (length === 0) break;
      text += this.#buffer.toString("utf8", 0, length);
    }
    const end = text.lastIndexOf("\n") + 1;
    this.#rest = text.slice(end);
    return parseEvents(text.slice(0, end));
  }

  #readSome(): number {
    try {
      return readSync(this.#pipe, this.#buffer);
    } catch (error) {
      if (hasCode(error, "EAGAIN", "EINTR")) return 0;
      throw error;
    }
  }
}

function removeLeftovers(instances: string): void {
  for (const name of readdirSync(instances)) {
    if (name.startsWith(PREFIX)) removeUnlessInUse(join(instances, name));
  }
}

function removeUnlessInUse(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!hasCode(error, "EBUSY", ...REMOVED_BY_OTHERS)) throw error;
  }
}
