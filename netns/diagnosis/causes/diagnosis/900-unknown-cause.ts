import type { Obstacle } from "../../obstacles.ts";
import { type Cause, type Finding, type FlowContext, HOST, OUTSIDE } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { found } from "../found.ts";
import { ruleText } from "../routing/policy-rules.ts";

/** Told where no other cause claims the step at which a packet ends: the answer always names that step. */
export const unknownCause: Cause = {
  code: "CTRN900",
  severity: "error",
  heading: "The packet ends at a known step, of an unknown cause",
};

/** @param obstacle that no cause claims */
export function endsHere(context: FlowContext, obstacle: Obstacle): Finding {
  const place = placeOf(obstacle);
  const where = whereOf(context, place);
  const facts = Object.entries(obstacle.facts).filter(([, value]) => value !== undefined && value !== "");
  const rules = isOnRoute(obstacle) ? rulesOf(context, place) : [];
  return found(unknownCause, obstacle, {
    object: `${obstacle.text} ${where}`,
    title: `The packet ends ${where}: ${[obstacle.text, ...circumstances(context, obstacle, place)].join(", ")}.`,
    explanation:
      "The step is certain; why it is so is not among the causes that ctr knows. What was read there is below.",
    evidence: [
      ...facts.map(([key, value]) => ({ source: key, value: String(value) })),
      ...rules.map((value) => ({ source: "ip rule", value })),
    ],
  });
}

function whereOf({ view }: FlowContext, place: string): string {
  if (place === HOST) return "on the host";
  return place === OUTSIDE ? "beyond the host" : `in container ${view.nameOf(place)}`;
}

/** What of the way before has to do with it. */
function circumstances(context: FlowContext, obstacle: Obstacle, place: string): string[] {
  const isBlind = isOnRoute(obstacle) && !looksIntoMain(context, place);
  return [
    ...translatedBefore(context, obstacle).map((table) => `after ${table} has led it there`),
    ...(isBlind ? ["and no routing rule leads to the main table"] : []),
  ];
}

/** All that was read lets it pass, and still it dies: where it was seen last is what can be said. */
export function vanishesBehind(context: FlowContext): Finding {
  const { observations, view } = context;
  const seen = observations?.devices.filter(({ direction }) => direction === "there") ?? [];
  const last = (observations?.devices ?? []).at(-1);
  const back = last?.direction === "back";
  const place = last?.place === undefined || last.place === HOST ? "on the host" : `in ${view.nameOf(last.place)}`;
  const drops = [...new Set(observations?.drops.map(({ reason, location }) => `${reason} at ${location}`) ?? [])];
  const where =
    last === undefined
      ? "It was seen nowhere"
      : `${back ? "The answer" : "It"} was seen last on ${last.device} ${place}`;
  return found(unknownCause, undefined, {
    object: last === undefined ? "the way of the packet" : `behind link ${last.device} ${place}`,
    title: `The packet gets no answer, although nothing that was read stands in its way. ${where}.`,
    explanation:
      "Something decides here that ctr does not read: an eBPF program, hardware, or a machine beyond this host. What the kernel said of " +
      "the packet is below.",
    evidence: [
      ...seen.slice(-3).map(({ device, event }) => ({ source: "packet", value: `${event} on ${device}` })),
      ...drops.map((value) => ({ source: "kernel", value })),
      ...(observations?.counters ?? [])
        .slice(0, 8)
        .map(({ name, change }) => ({ source: "counter", value: `${name} +${change}` })),
    ],
    confidence: "possible",
  });
}

/** Tables of others that gave it another address or port on its way: `table inet x, chain y`. */
function translatedBefore({ walk }: FlowContext, { direction, position }: Obstacle): string[] {
  const hops = (direction === "there" ? walk.there : walk.back).slice(0, position);
  const turns = hops.flatMap(({ verdict, hook }) =>
    verdict === "translate" && hook !== undefined && hook.table !== "ctr"
      ? `table ${hook.family} ${hook.table}, chain ${hook.chain}`
      : [],
  );
  return [...new Set(turns)];
}

const isOnRoute = ({ kind }: Obstacle): boolean => /route|misrouted|unroutable/.test(kind);

const MAIN_TABLE = 254;

const rulesOf = ({ view, flow }: FlowContext, place: string): string[] =>
  (view.namespace(place)?.rules ?? []).filter(({ family }) => family === flow.family).map(ruleText);

const looksIntoMain = ({ view, flow }: FlowContext, place: string): boolean =>
  view.namespace(place)?.rules.some(({ family, table }) => family === flow.family && table === MAIN_TABLE) ?? true;
