/** The victims of the OOM killer, as far back as the kernel's log goes. */
import { setTimeout as delay } from "node:timers/promises";
import { KernelLog } from "./kernel-log.ts";
import { OomParser, type OomVictim } from "./oom-victims.ts";

/** Victims that are kept: the kernel's own log forgets, too. */
const MOST = 1000;

export class OomLog implements Disposable {
  readonly #log: KernelLog | undefined;
  readonly #parser = new OomParser();
  readonly #victims: OomVictim[] = [];

  /** @param path of the kernel's log */
  constructor(path?: string) {
    this.#log = KernelLog.open(path);
  }

  /** False where the kernel's log may not be read: then only counters tell of kills. */
  get isReadable(): boolean {
    return this.#log !== undefined;
  }

  /** Reads on. */
  poll(): void {
    for (const record of this.#log?.read() ?? []) {
      const victim = this.#parser.take(record);
      if (victim !== undefined) this.#victims.push(victim);
    }
    this.#victims.splice(0, this.#victims.length - MOST);
  }

  /** Sequence number of the last victim; −1 while there is none. */
  get last(): number {
    return this.#victims.at(-1)?.sequence ?? -1;
  }

  /**
   * Victims in a group, and in groups below it, oldest first.
   * @param after sequence number of the last one that is known already
   */
  victimsIn(path: string, after = -1): OomVictim[] {
    return this.#victims.filter(
      ({ group, sequence }) => sequence > after && (group === path || group.startsWith(`${path}/`)),
    );
  }

  /**
   * Waits until the log tells of as many victims as the kernel has counted: it writes a moment after it counts and kills,
   * so that the exit of a victim may be seen before. Gives up after 100 ms.
   * @param after sequence number of the last victim that is not counted in `kills`
   */
  async catchUp(path: string, kills: number, after = -1): Promise<void> {
    for (let pause = 0; this.isReadable && pause < 50; pause++) {
      this.poll();
      if (this.victimsIn(path, after).length >= kills) return;
      await delay(2);
    }
  }

  [Symbol.dispose](): void {
    this.#log?.[Symbol.dispose]();
  }
}

/** The wall clock's time of a record. Microseconds after boot are those of CLOCK_MONOTONIC, which Node shows as well. */
export function wallTime(microseconds: number): Date {
  return new Date(Date.now() - Number(process.hrtime.bigint() / 1_000_000n) + microseconds / 1000);
}
