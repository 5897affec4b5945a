/** The victims of the OOM killer, as far back as the kernel's log goes. */
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

  /** Reads on. @returns the victims since the last call */
  poll(): OomVictim[] {
    const news: OomVictim[] = [];
    for (const record of this.#log?.read() ?? []) {
      const victim = this.#parser.take(record);
      if (victim !== undefined) news.push(victim);
    }
    this.#victims.push(...news);
    this.#victims.splice(0, this.#victims.length - MOST);
    return news;
  }

  /** Victims in a group, and in groups below it, oldest first. */
  victimsIn(path: string): OomVictim[] {
    return this.#victims.filter(({ group }) => group === path || group.startsWith(`${path}/`));
  }

  [Symbol.dispose](): void {
    this.#log?.[Symbol.dispose]();
  }
}

/** The wall clock's time of a record. Microseconds after boot are those of CLOCK_MONOTONIC, which Node shows as well. */
export function wallTime(microseconds: number): Date {
  return new Date(Date.now() - Number(process.hrtime.bigint() / 1_000_000n) + microseconds / 1000);
}
