/** Sets and maps: what is exact is found by its key, single intervals by bisection, the rest one after the other. */
import { both } from "./certainty.ts";
import { compare, exact, keyOf, type Pattern, type Scalar } from "./scalar.ts";
import type { Certainty } from "./types.ts";

export interface Element<T> {
  /** One for each part of a concatenation. */
  readonly patterns: readonly Pattern[];
  readonly data: T;
}

export interface Found<T> {
  readonly holds: Certainty;
  /** Of the element, or of one of those that may be meant. */
  readonly data: T | undefined;
}

interface Interval<T> {
  readonly low: bigint;
  readonly high: bigint;
  readonly data: T;
}

export class Collection<T> {
  readonly #exact = new Map<string, Element<T>>();
  readonly #intervals: Interval<T>[] = [];
  readonly #others: Element<T>[] = [];

  constructor(elements: Iterable<Element<T>>) {
    for (const element of elements) this.#add(element);
    this.#intervals.sort((one, other) => (one.low < other.low ? -1 : 1));
  }

  find(scalars: readonly Scalar[]): Found<T> {
    const key = joined(scalars);
    if (key === undefined) return this.#search(scalars);
    const element = this.#exact.get(key);
    if (element !== undefined) return { holds: "yes", data: element.data };
    const interval = this.#bisect(scalars);
    if (interval !== undefined) return { holds: "yes", data: interval.data };
    return best(this.#others, scalars);
  }

  #add(element: Element<T>): void {
    const { patterns, data } = element;
    const [only] = patterns;
    const key = joined(patterns);
    if (key !== undefined) this.#exact.set(key, element);
    else if (patterns.length === 1 && typeof only === "object" && "low" in only) {
      this.#intervals.push({ low: only.low, high: only.high, data });
    } else this.#others.push(element);
  }

  /** The intervals of a set do not overlap. */
  #bisect(scalars: readonly Scalar[]): Interval<T> | undefined {
    const [only] = scalars;
    const value = scalars.length === 1 && only !== undefined ? exact(only) : undefined;
    if (value === undefined) return undefined;
    let from = 0;
    let to = this.#intervals.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const interval = this.#intervals[middle];
      if (interval === undefined) return undefined;
      if (interval.high < value) from = middle + 1;
      else if (interval.low > value) to = middle;
      else return interval;
    }
    return undefined;
  }

  #search(scalars: readonly Scalar[]): Found<T> {
    const intervals = this.#intervals.map(({ low, high, data }) => ({ patterns: [{ low, high }], data }));
    return best([...this.#exact.values(), ...intervals, ...this.#others], scalars);
  }
}

function best<T>(elements: readonly Element<T>[], scalars: readonly Scalar[]): Found<T> {
  let found: Found<T> = { holds: "no", data: undefined };
  for (const { patterns, data } of elements) {
    const holds = compareAll(scalars, patterns);
    if (holds === "yes") return { holds, data };
    if (holds !== "no" && found.holds !== "unknown") found = { holds, data };
  }
  return found;
}

const compareAll = (scalars: readonly Scalar[], patterns: readonly Pattern[]): Certainty =>
  scalars.length === patterns.length
    ? scalars.reduce<Certainty>((holds, scalar, index) => {
        return holds === "no" ? holds : both(holds, compare(scalar, patterns[index] ?? "unknown"));
      }, "yes")
    : "unknown";

/** Undefined unless all parts are known. */
function joined(values: readonly (Scalar | Pattern)[]): string | undefined {
  const keys = values.map(keyOf);
  return keys.includes(undefined) ? undefined : keys.join(" ");
}
