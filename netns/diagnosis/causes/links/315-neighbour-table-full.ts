import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST, type StateContext } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";

const FAMILIES = [4, 6] as const;
/** Share of the table at which it is worth a word. */
const NEARLY = 0.9;

const keyOf = (family: 4 | 6): string => `net.ipv${family}.neigh.default.gc_thresh3`;

/** The limit is one for all namespaces of the machine, see arp(7). */
export const neighbourTableFull: Cause = {
  code: "CTRN315",
  severity: "error",
  heading: "The host's table of neighbours is full",

  inspect: (context) =>
    FAMILIES.filter((family) => shareUsed(context, family) >= NEARLY).map((family) =>
      found(neighbourTableFull, undefined, {
        ...caseOf(context, family),
        severity: shareUsed(context, family) >= 1 ? "error" : "warning",
      }),
    ),

  explain: (context) =>
    FAMILIES.filter(
      (family) => family === context.flow.family && (shareUsed(context, family) >= 1 || overflowed(context)),
    ).flatMap((family) => {
      const [obstacle] = obstaclesOfKind(context, "neighbour-silent");
      return obstacle === undefined ? [] : found(neighbourTableFull, obstacle, caseOf(context, family));
    }),
};

const overflowed = ({ observations }: FlowContext): boolean =>
  observations?.counters.some(({ name, change }) => /table_?fulls/i.test(name) && change > 0) ?? false;

/** Entries that somebody wrote do not count. */
const countOf = ({ snapshot }: StateContext, family: 4 | 6): number =>
  snapshot.namespaces
    .flatMap(({ neighbours }) => neighbours)
    .filter((neighbour) => neighbour.family === family && !["permanent", "noarp"].includes(neighbour.state)).length;

function shareUsed(context: StateContext, family: 4 | 6): number {
  const limit = Number(context.view.namespace(HOST)?.sysctls[keyOf(family)] ?? 0);
  return limit > 0 ? countOf(context, family) / limit : 0;
}

function caseOf(context: StateContext, family: 4 | 6): Case {
  const [limit, count] = [Number(context.view.host.sysctls[keyOf(family)] ?? 0), countOf(context, family)];
  return {
    object: `sysctl ${keyOf(family)}`,
    title: `The machine remembers ${count} neighbours of at most ${limit}: there is no room for new ones.`,
    explanation:
      "All containers and the host share one table of who is where. When it is full, connections fail at random, with errors " +
      "such as “no route to host” or “no buffer space available”.",
    evidence: [
      { source: `sysctl ${keyOf(family)}`, value: `${limit}; entries: ${count}`, expected: "room for all containers" },
    ],
    fix: byHand("Give the table more room.", ["sysctl", "-w", `${keyOf(family)}=${Math.max(limit, 1024) * 4}`]),
  };
}
