/** Two faults at once, which know nothing of each other. */
import type { Fault, Injection } from "./fault.ts";
import type { PathKind } from "./paths.ts";
import type { Random } from "./random.ts";

export interface Pair {
  readonly one: Fault;
  readonly other: Fault;
  readonly path: PathKind;
}

/** What may be combined: faults that break the path for good, without an engine that is down, and without a program of their own. */
const fits = ({ effect, engine, id }: Fault): boolean => effect === undefined && engine === undefined && !UNFIT.has(id);

/** Those that change what others look at, or hold it. */
const UNFIT: ReadonlySet<string> = new Set(["203", "302", "303", "310", "311", "314", "316", "402", "604", "607"]);

/** @param count how many; chosen by chance among those of different codes that share a path */
export function choosePairs(faults: readonly Fault[], random: Random, count: number): Pair[] {
  const usable = faults.filter(fits);
  const pairs: Pair[] = [];
  for (let attempt = 0; pairs.length < count && attempt < count * 50; attempt++) {
    const [one, other] = [random.pick(usable), random.pick(usable)];
    const shared = one.paths.filter((path) => other.paths.includes(path));
    if (one.id === other.id || shared.length === 0) continue;
    pairs.push({ one, other, path: random.pick(shared) });
  }
  return pairs;
}

/** @param ids of the two @throws when there are no two such faults that share a path */
export function pairOf(faults: readonly Fault[], [first, second]: readonly string[], random: Random): Pair {
  const pairs = faults
    .filter((one) => fits(one) && one.id === first)
    .flatMap((one) => faults.filter((one) => fits(one) && one.id === second).map((other) => ({ one, other })))
    .flatMap(({ one, other }) =>
      one.paths.filter((path) => other.paths.includes(path)).map((path) => ({ one, other, path })),
    );
  if (pairs.length === 0) throw new Error(`${first} and ${second} share no path`);
  return random.pick(pairs);
}

/** @param one is made first, and taken back last */
export function both(one: Injection, other: Injection): Injection {
  return {
    codes: [...one.codes, ...other.codes],
    names: [],
    async inject() {
      await one.inject();
      await other.inject();
    },
    async undo() {
      await other.undo();
      await one.undo();
    },
  };
}
