/** What a group must have when nothing but these limits is in force. */
import type { CgroupHost } from "./host.ts";
import { placedRules } from "./rules.ts";
import type { LimitField, Limits } from "./types.ts";

/** They follow from others (the total of memory and swap), or are what the kernel gave the group above. */
const NOT_OURS: ReadonlySet<LimitField> = new Set(["memorySwap", "swap", "memorySwappiness"]);

/** The limits, and for every other the value that takes it away. */
export function completed(host: CgroupHost, asked: Limits): Limits {
  const others = placedRules(host)
    .map(({ row }) => row)
    .filter(({ field }) => asked[field] === undefined && !NOT_OURS.has(field));
  return { ...Object.fromEntries(others.map(({ field, unset }) => [field, unset])), ...asked };
}
