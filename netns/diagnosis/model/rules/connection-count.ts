/** Rules that count connections (`ct count`, `connlimit`). Which ones they count, a snapshot does not tell. */
import type { Certainty, RuleContext } from "./types.ts";

/**
 * Whether a rule counts more connections than `limit`: not while fewer are tracked altogether, the packet's own included.
 * With none allowed there are always more.
 */
export function countsMoreThan({ namespace }: RuleContext, limit: number): Certainty {
  if (limit === 0) return "yes";
  const tracked = namespace.state.conntrack?.count;
  return tracked !== undefined && tracked < limit ? "no" : "sometimes";
}
