import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type FlowContext, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { type Change, changesOf } from "../translated.ts";

/** Where the kernel takes it from: one for all of IPv4, one of each link of IPv6. */
function keyOf({ flow, walk, view }: FlowContext): string {
  if (flow.family === 4) return "net.ipv4.ip_default_ttl";
  const device = walk.there.find(({ place, device: link }) => place === flow.from && link !== undefined)?.device;
  const links = view.namespace(flow.from)?.links ?? [];
  const [own] = links.filter(({ name }) => name !== "lo");
  return `net.ipv6.conf.${device ?? own?.name ?? "all"}.hop_limit`;
}

export const ttlExpired: Cause = {
  code: "CTRN408",
  severity: "error",
  heading: "The packet may not pass any further router",

  explain: (context) =>
    obstaclesOfKind(context, "ttl-expired").map((obstacle) => {
      const change = changesOf(context.walk).find(
        ({ what, direction }) => what === "hops" && direction === obstacle.direction,
      );
      return found(
        ttlExpired,
        obstacle,
        change === undefined ? caseOfSender(context, obstacle) : caseOfRule(context, change),
      );
    }),
};

const TITLE = "The packet has used up the number of routers it may pass, and is thrown away";

function caseOfSender(context: FlowContext, obstacle: Obstacle): Case {
  const { view, flow } = context;
  const key = keyOf(context);
  const name = view.nameOf(flow.from);
  const value = view.namespace(flow.from)?.sysctls[key];
  return {
    object: value === undefined || Number(value) > 1 ? "the packet's time to live" : `sysctl ${key} of ${name}`,
    title: `${TITLE} at the host.`,
    explanation:
      "Each router takes one off a packet's time to live. It was sent with too little, by a program or by a kernel setting, or " +
      "it goes round in circles between two routers.",
    evidence: [
      ...(value === undefined ? [] : [{ source: `sysctl ${key} (in ${name})`, value, expected: "64" }]),
      { source: "place", value: view.nameOf(placeOf(obstacle)) },
    ],
    fix: byHand("Send with the usual time to live, or look for the loop.", [
      ...inPlace(flow.from, name, ["sysctl", "-w", `${key}=64`]),
    ]),
  };
}

/** A rule that sets it, on the way. */
function caseOfRule({ view }: FlowContext, { table, hop }: Change): Case {
  const [source = table] = hop.evidence;
  return {
    object: hop.place === HOST ? table : `container ${view.nameOf(hop.place)}: ${table}`,
    title: `${TITLE}: a rule has set it (${table}).`,
    explanation: `Each router takes one off a packet's time to live. The rule leaves it too little: ${hop.text}.`,
    evidence: [{ source, value: hop.text }],
    fix: byHand("Take the rule away, or let it spare containers' traffic.", [
      ...inPlace(hop.place, view.nameOf(hop.place), ["nft", "-a", "list", "chain", ...chainOf(hop)]),
    ]),
  };
}

const chainOf = ({ hook }: Change["hop"]): string[] =>
  hook === undefined ? [] : [hook.family, hook.table, hook.chain];
