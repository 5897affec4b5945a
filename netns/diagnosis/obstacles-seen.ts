/** Where a real packet ended, by what was seen of it alone: verdicts, the kernel's drop reasons, neighbours. */
import type { Obstacle } from "./obstacles.ts";
import { gotThrough } from "./outcomes.ts";
import { rulesetOf } from "./ruleset.ts";
import {
  type Death,
  type DeathKind,
  type DropEvent,
  type FlowContext,
  HOST,
  type Observations,
  OUTSIDE,
  type TracedVerdict,
  type Walk,
} from "./types/index.ts";

/** Of include/net/dropreason-core.h, where a reason has one meaning. */
const KIND_OF_REASON: Readonly<Record<string, DeathKind>> = {
  IP_INADDRERRORS: "forwarding-off",
  IP_RPFILTER: "reverse-path",
  IP_INNOROUTES: "no-route",
  IP_OUTNOROUTES: "no-route",
  PKT_TOO_BIG: "too-big",
  NO_SOCKET: "no-listener",
  OTHERHOST: "neighbour-wrong",
  NEIGH_FAILED: "neighbour-silent",
  QDISC_DROP: "queue",
  BRIDGE_INGRESS_STP_STATE: "port-blocked",
  XDP: "ingress-program",
  TC_INGRESS: "ingress-program",
  TC_EGRESS: "ingress-program",
};

/** Empty when nothing was sent, or all went well. */
export function obstaclesSeen({ observations, walk, view }: FlowContext): Obstacle[] {
  if (observations === undefined || observations.attempts.every(gotThrough)) return [];
  return [
    ...observations.verdicts
      .filter(({ verdict }) => verdict === "drop")
      .map((verdict) => {
        const namespace = view.namespace(verdict.place);
        return filterSeen(verdict, namespace === undefined ? undefined : rulesetOf(namespace), walk);
      }),
    // The kernel tells of all its namespaces: one that is no container's is another host to us.
    ...uniqueReasons(observations.drops.filter(({ place }) => place !== OUTSIDE)).flatMap((drop) =>
      dropSeen(drop, observations, walk),
    ),
    ...neighboursSeen(observations, walk),
    ...wrongNeighboursSeen(view, observations, walk),
  ];
}

type Rules = ReturnType<typeof rulesetOf>;

function filterSeen(verdict: TracedVerdict, rules: Rules, walk: Walk): Obstacle {
  const { place, direction, family, table, chain, handle, kind } = verdict;
  const base = rules?.chain(family, table, chain);
  const rule = base?.rules.find((one) => one.handle === handle);
  const json = rule?.json ?? "";
  const isReject = /"reject"/.test(json);
  const facts: Death["facts"] = {
    ...{ place, family, table, chain, handle, hook: base?.hook, priority: base?.priority, comment: rule?.comment },
    policy: kind === "policy",
    ruleText: json,
    backend: isIptables(table, chain, family) ? "iptables-nft" : "nft",
    ours: place === HOST && isOurs(family, table, chain),
    limit: /"limit"|"numgen"|"ct count"/.test(json),
  };
  const where = `${family} ${table} ${chain}${handle === undefined ? "" : ` handle ${handle}`}`;
  return {
    ...{ kind: isReject ? "filter-reject" : "filter-drop", facts, direction, place },
    position: positionOf(
      walk,
      direction,
      (hop) => hop.place === place && hop.hook?.table === table && hop.hook.chain === chain,
    ),
    device: verdict.inputDevice,
    packet: verdict.packet,
    text: `${where}: drop`,
    evidence: [],
    seen: [`trace: ${where} ${kind === "policy" ? "policy " : ""}drop`],
    confidence: "likely",
  };
}

/** The engine's table, and by the other backend its chains. */
const isOurs = (family: string, table: string, chain: string): boolean =>
  (family === "inet" && table === "ctr") || (chain.startsWith("CTR-") && chain !== "CTR-USER");

/** Tables of iptables in nft mode have its names, and chains in capitals. */
const isIptables = (table: string, chain: string, family: string): boolean =>
  ["filter", "nat", "mangle", "raw", "security"].includes(table) &&
  (family === "ip" || family === "ip6") &&
  chain === chain.toUpperCase();

/** The same reason stands for headers that are malformed, where no router has looked at them. */
const kindOf = ({ reason, location }: DropEvent): DeathKind | undefined =>
  reason === "IP_INHDR" && /^ip6?_forward/.test(location) ? "ttl-expired" : KIND_OF_REASON[reason];

function uniqueReasons(drops: readonly DropEvent[]): DropEvent[] {
  return [...new Map(drops.map((drop) => [`${drop.reason} ${drop.location} ${drop.device}`, drop])).values()];
}

function dropSeen(drop: DropEvent, observations: Observations, walk: Walk): Obstacle[] {
  const kind = kindOf(drop);
  if (kind === undefined) return [];
  const step = observations.devices.findLast(({ device }) => device === drop.device);
  const place = drop.place ?? step?.place ?? HOST;
  const direction = drop.direction ?? step?.direction ?? "there";
  return [
    {
      ...{ kind, direction, place, facts: { place, device: drop.device } },
      position: positionOf(walk, direction, (hop) => hop.place === place && hop.device === drop.device),
      device: drop.device,
      packet: undefined,
      text: `${drop.reason} in ${drop.location}`,
      evidence: [],
      seen: [`kernel: ${drop.reason} at ${drop.location}`],
      confidence: "likely",
    },
  ];
}

function neighboursSeen({ neighbours }: Observations, walk: Walk): Obstacle[] {
  return neighbours
    .filter(({ state }) => state === "failed" || state === "incomplete")
    .map(({ place, device, address, state }) => ({
      ...{ kind: "neighbour-silent" as const, direction: "there" as const, place, device },
      facts: { place, device, address },
      position: positionOf(walk, "there", (hop) => hop.place === place && hop.stage === "neighbour"),
      packet: undefined,
      text: `nobody answers for ${address} on ${device}`,
      evidence: [],
      seen: [`neighbour ${address} on ${device}: ${state}`],
      confidence: "likely" as const,
    }));
}

const KNOWN = new Set(["reachable", "stale", "delay", "probe"]);

/** What was learned is not what the holder of the address has: somebody else has answered. */
function wrongNeighboursSeen(view: FlowContext["view"], { neighbours }: Observations, walk: Walk): Obstacle[] {
  return neighbours.flatMap(({ place, device, address, mac, state }) => {
    const holders = view.holdersOf(address).filter(({ namespace }) => namespace.key !== place);
    const [holder] = holders;
    if (!KNOWN.has(state) || mac === undefined || holder === undefined) return [];
    if (holders.some(({ link }) => link.mac === mac)) return [];
    const direction = walk.there.some((hop) => isAbout(hop, place, address)) ? ("there" as const) : ("back" as const);
    return {
      ...{ kind: "neighbour-wrong" as const, direction, place, device },
      facts: { place, device, address, mac, expectedMac: holder.link.mac, learned: true },
      position: positionOf(walk, direction, (hop) => isAbout(hop, place, address)),
      packet: undefined,
      text: `${address} on ${device} is taken for ${mac}`,
      evidence: [],
      seen: [`neighbour ${address} on ${device}: ${mac} ${state}`],
      confidence: "likely" as const,
    };
  });
}

const isAbout = (hop: Walk["there"][number], place: string, address: string): boolean =>
  hop.place === place && hop.stage === "neighbour" && hop.text.startsWith(`${address} `);

/** Behind all steps where the model has none such. */
function positionOf(walk: Walk, direction: "there" | "back", is: (hop: Walk["there"][number]) => boolean): number {
  const hops = direction === "there" ? walk.there : walk.back;
  const at = hops.findIndex(is);
  return at >= 0 ? at : hops.length;
}
