import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

/** Share of the table at which it is worth a word. */
const NEARLY = 0.9;

export const connectionTableFull: Cause = {
  code: "CTRN214",
  severity: "error",
  heading: "The host's table of connections is full",

  inspect(context) {
    const share = shareUsed(context);
    if (share < NEARLY) return [];
    return [found(connectionTableFull, undefined, { ...caseOf(context), severity: share >= 1 ? "error" : "warning" })];
  },

  explain: (context) =>
    obstaclesOfKind(context, "table-full").map((obstacle) => found(connectionTableFull, obstacle, caseOf(context))),
};

function shareUsed({ view }: StateContext): number {
  const { count, max } = view.namespace(HOST)?.conntrack ?? { count: 0, max: 0 };
  return max === 0 ? 0 : count / max;
}

function caseOf({ view }: StateContext) {
  const { count, max, statistics } = view.host.conntrack ?? {
    count: 0,
    max: 0,
    statistics: {} as Record<string, number>,
  };
  return {
    object: "sysctl net.netfilter.nf_conntrack_max",
    title: `The host remembers ${count} connections of at most ${max}: new ones are dropped when there is no room.`,
    explanation:
      "The kernel keeps a record of every connection that it translates. Very many short connections, or an attack, fill the " +
      "table. Connections that are open go on.",
    evidence: [
      { source: "sysctl net.netfilter.nf_conntrack_count", value: String(count), expected: `less than ${max}` },
      { source: "conntrack -S", value: `drop ${statistics["drop"] ?? 0}, early_drop ${statistics["early_drop"] ?? 0}` },
    ],
    fix: byHand("Give it more room (about 300 bytes an entry), and look for who opens so many.", [
      ...["sysctl", "-w", `net.netfilter.nf_conntrack_max=${Math.max(max * 2, 1)}`],
    ]),
  };
}
