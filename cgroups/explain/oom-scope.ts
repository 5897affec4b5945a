/** Whose limit a process was killed for: the group's own, that of a group above, or the machine's memory. */
import type { OomVictim } from "../watch/oom-victims.ts";
import { limitOf, readingOf } from "./evidence.ts";
import type { Facts } from "./types.ts";

export type OomScope = "own" | "above" | "host";

/** A use this near to the limit has been at it: the kernel charges in batches. */
const AT_THE_LIMIT = 0.97;

export const hasOom = ({ signals, victims }: Facts): boolean => signals.oomKills > 0 || victims.length > 0;

/** The victims that died for this; empty where the kernel's log cannot be read. */
export const victimsOf = (facts: Facts, scope: OomScope): readonly OomVictim[] =>
  facts.victims.filter((victim) => scopeOfVictim(facts, victim) === scope);

function scopeOfVictim({ path }: Facts, { reason, limitGroup }: OomVictim): OomScope {
  if (reason === "host") return "host";
  return limitGroup === path || limitGroup.startsWith(`${path}/`) ? "own" : "above";
}

/** What the victims say; else, without the log, what the figures speak for. */
export function isOomOf(facts: Facts, scope: OomScope): boolean {
  if (!hasOom(facts)) return false;
  if (facts.victims.length > 0) return victimsOf(facts, scope).length > 0;
  return guess(facts) === scope;
}

function guess(facts: Facts): OomScope {
  const memory = limitOf(facts, "memory");
  const { usage = 0, peak = usage } = readingOf(facts, "memory") ?? {};
  if (memory !== undefined && peak >= memory * AT_THE_LIMIT) return "own";
  const isFullAbove = facts.above.some(
    (group) => (group.memory?.usage ?? 0) >= (group.memory?.limit ?? Infinity) * AT_THE_LIMIT,
  );
  if (isFullAbove) return "above";
  // A total of memory and swap that is smaller than expected, or memory that has been freed since.
  return memory === undefined ? "host" : "own";
}
