/** Somebody wrote a limit behind the engine. */
import { weightOfShares } from "../../convert.ts";
import { parseList } from "../../lists.ts";
import { formatLimit } from "../../parse.ts";
import { rowOf } from "../../table/index.ts";
import type { LimitReading } from "../../types.ts";
import type { Cause } from "../types.ts";

export const limitDrift: Cause = {
  code: "limit-drift",
  severity: "notice",
  find(facts) {
    const changed = facts.limits.filter(hasDrifted);
    if (changed.length === 0) return undefined;
    return {
      title: "A limit is not what was asked: somebody changed it behind the engine.",
      explanation: changed
        .map(
          ({ limit, asked, enforced }) =>
            `${rowOf(limit).flag} was asked as ${formatLimit(limit, asked ?? "max")} and is ${formatLimit(limit, enforced)}.`,
        )
        .join(" "),
      evidence: changed.map(({ limit, file, value, asked }) => ({
        file,
        value,
        meaning: `${rowOf(limit).flag} was asked as ${formatLimit(limit, asked ?? "max")}`,
      })),
      fixes: [{ text: "Put the asked limits in force again", command: `ctr limit set ${facts.name} --repair` }],
    };
  },
};

/** The kernel rounds memory to pages, and quotas to microseconds. */
const LARGEST_PAGE = 65_536;

function hasDrifted({ limit, asked, enforced }: LimitReading): boolean {
  if (asked === undefined || typeof asked === "object" || typeof enforced === "object") return false;
  if (limit === "oomScoreAdj") return false;
  if (limit === "cpuShares" && typeof enforced === "string")
    return enforced !== `weight ${weightOfShares(Number(asked))}`;
  if (limit === "blkioWeight" && typeof enforced === "string") return false;
  if (typeof asked === "string" && typeof enforced === "string" && rowOf(limit).unit === "list") {
    return asked !== "" && parseList(asked)?.join() !== parseList(enforced)?.join();
  }
  if (typeof asked !== "number" || typeof enforced !== "number") return asked !== enforced;
  const tolerance = rowOf(limit).unit === "bytes" ? LARGEST_PAGE : 0.001;
  return Math.abs(asked - enforced) > tolerance;
}
