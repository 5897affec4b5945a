/** Routes by prefix, the longest first. */
import { bitsOf, type Cidr, type Family, lastOf, subnetOf } from "../../../ipam/ip.ts";

interface Entry<T> {
  readonly value: T;
  /** Among equal prefixes the lower one goes first. */
  readonly rank: number;
}

export class PrefixTable<T> {
  readonly #bits: number;
  /** By length, and there by the prefix itself. */
  readonly #lengths = new Map<number, Map<bigint, Entry<T>[]>>();
  #order: readonly number[] | undefined;

  constructor(family: Family) {
    this.#bits = bitsOf(family);
  }

  add(cidr: Cidr, value: T, rank: number): void {
    const prefixes = this.#lengths.get(cidr.prefixLength) ?? new Map<bigint, Entry<T>[]>();
    this.#lengths.set(cidr.prefixLength, prefixes);
    const { address } = subnetOf(cidr);
    const entries = prefixes.get(address) ?? [];
    entries.push({ value, rank });
    entries.sort((one, other) => one.rank - other.rank);
    prefixes.set(address, entries);
    this.#order = undefined;
  }

  /** All that cover the address, the one that is to be taken first first. */
  *covering(address: bigint): Generator<T> {
    this.#order ??= [...this.#lengths.keys()].sort((one, other) => other - one);
    for (const length of this.#order) {
      const shift = BigInt(this.#bits - length);
      for (const { value } of this.#lengths.get(length)?.get((address >> shift) << shift) ?? []) yield value;
    }
  }
}

export const isWithin = (cidr: Cidr, value: bigint): boolean => {
  const subnet = subnetOf(cidr);
  return value >= subnet.address && value <= lastOf(subnet);
};
