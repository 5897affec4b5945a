/** What the firewall was told, and the entries that follow from it, each held as often as something needs it. */
import { type Entry, entryKey } from "./entries.ts";

/** What is to be written, and what taken away. */
export interface Delta {
  readonly add: readonly Entry[];
  readonly remove: readonly Entry[];
}

interface Held {
  readonly entry: Entry;
  count: number;
}

export class Ledger {
  readonly #held = new Map<string, Held>();

  /** Oldest first. */
  entries(): Entry[] {
    return [...this.#held.values()].map(({ entry }) => entry);
  }

  /** Takes note that entries are needed, once more or no longer. @returns what that changes */
  change({ add, remove }: Delta): Delta {
    const before = new Map<string, Entry | undefined>();
    const note = (name: string) => before.has(name) || before.set(name, this.#held.get(name)?.entry);
    for (const entry of remove) {
      note(entryKey(entry));
      this.#release(entryKey(entry));
    }
    for (const entry of add) {
      note(entryKey(entry));
      this.#hold(entry);
    }
    return deltaOf(before, (name) => this.#held.get(name)?.entry);
  }

  clear(): void {
    this.#held.clear();
  }

  #hold(entry: Entry): void {
    const held = this.#held.get(entryKey(entry));
    if (held === undefined) this.#held.set(entryKey(entry), { entry, count: 1 });
    else held.count++;
  }

  #release(name: string): void {
    const held = this.#held.get(name);
    if (held !== undefined && --held.count === 0) this.#held.delete(name);
  }
}

function deltaOf(before: ReadonlyMap<string, Entry | undefined>, now: (name: string) => Entry | undefined): Delta {
  const add: Entry[] = [];
  const remove: Entry[] = [];
  for (const [name, former] of before) {
    const present = now(name);
    if (former === present) continue;
    if (former !== undefined) remove.push(former);
    if (present !== undefined) add.push(present);
  }
  return { add, remove };
}
