import { type Obstacle, obstaclesOf } from "../../obstacles.ts";
import { gotThrough, succeeded } from "../../outcomes.ts";
import { type Cause, type DeathKind, type Finding, type FlowContext, HOST } from "../../types/index.ts";
import { isTrue } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { found } from "../found.ts";
import { type Change, changesOf } from "../translated.ts";

/** Translation and changes by others: one of them is enough, also where ctr's own rules would do the right thing. */
export const changedOnTheWay: Cause = {
  code: "CTRN119",
  severity: "error",
  heading: "Another firewall changes the packet on its way",

  explain(context) {
    const { observations } = context;
    if (observations?.attempts.length && observations.attempts.every(gotThrough)) return [];
    const [first] = obstaclesOf(context);
    const guilty = changesOf(context.walk).filter((change) =>
      first === undefined ? mayLose(context, change) : mayLeadTo(context, change, first),
    );
    const [change] = guilty;
    return change === undefined ? [] : [findingOf(context, change, first)];
  },
};

/** What a packet may die of that was changed so. */
const DEATHS: Readonly<Record<Change["what"], readonly DeathKind[]>> = {
  // Told as what comes of it: the time to live is used up.
  hops: [],
  checksum: [],
  destination: [
    ...(["no-listener", "listener-elsewhere", "neighbour-silent", "no-route", "route-unreachable"] as const),
    ...(["route-prohibited", "route-blackhole", "translated-astray", "not-translated", "misrouted"] as const),
    ...(["answer-misrouted", "martian", "port-isolated"] as const),
  ],
  source: [
    ...(["reverse-path", "answer-misrouted", "answer-unroutable", "not-translated", "translated-astray"] as const),
    ...(["martian", "no-route"] as const),
  ],
  zone: ["answer-misrouted", "answer-unroutable", "not-translated", "no-listener", "martian", "filter-drop"],
};

/** It lies before what ends the packet, and fits it. A chain of ours drops what does not look as it should. */
function mayLeadTo(context: FlowContext, change: Change, obstacle: Obstacle): boolean {
  const isBefore =
    change.direction === obstacle.direction ? change.position < obstacle.position : change.direction === "there";
  if (!isBefore || (change.what === "source" && isOfHost(context))) return false;
  const isOurDrop = obstacle.kind === "filter-drop" && isTrue(obstacle, "ours") && change.what === "destination";
  return isOurDrop || DEATHS[change.what].includes(obstacle.kind);
}

/** Nothing that was read ends the packet, and it has left for somebody who does not answer it. */
function mayLose(context: FlowContext, change: Change): boolean {
  const attempts = context.observations?.attempts ?? [];
  if (attempts.length === 0 || attempts.some(succeeded) || change.direction === "back") return false;
  return change.what !== "hops" && !(change.what === "source" && isOfHost(context));
}

/** An answer to the address that it left with comes back to this host: such a translation harms nobody. */
function isOfHost({ view, walk }: FlowContext): boolean {
  const source = walk.there.at(-1)?.packet.source ?? "";
  return view.holdersOf(source).some(({ namespace }) => namespace.key === HOST);
}

const WORDS: Readonly<Record<Change["what"], string>> = {
  source: "another address or port of the sender",
  destination: "another address or port of the receiver",
  hops: "another number of routers that it may pass",
  checksum: "a checksum that does not fit",
  zone: "a zone of its own among the connections that are followed",
};

function findingOf({ walk, view }: FlowContext, change: Change, obstacle: Obstacle | undefined): Finding {
  const { table, what, direction, position, hop } = change;
  const last = walk.there.at(-1)?.packet;
  const name = view.nameOf(hop.place);
  const end = obstacle === undefined ? "nobody answers it" : obstacle.text;
  const [source = table] = hop.evidence;
  const finding = found(changedOnTheWay, undefined, {
    object: hop.place === HOST ? table : `container ${name}: ${table}`,
    title: `Another firewall ${hop.place === HOST ? "on this host" : `in ${name}`} changes the packet on its way, and so it is lost: ${table}.`,
    explanation:
      `A rule there gives it ${WORDS[what]}` +
      `${last === undefined ? "" : ` (it is from ${last.source}, for port ${last.destinationPort} of ${last.destination} then)`}. What comes of it: ${end}.`,
    evidence: [
      { source, value: hop.text },
      ...(obstacle === undefined ? [] : [{ source: "what ends it", value: obstacle.text }]),
      ...(obstacle?.seen ?? []).map((value) => ({ source: "packet", value })),
    ],
    confidence: obstacle?.confidence ?? "likely",
    fix: byHand(
      "Take the rule away where it was made, or let it spare containers' traffic.",
      ...deletionOf(source).map((argv) => inPlace(hop.place, name, argv)),
    ),
  });
  return { ...finding, position: { direction, hop: position } };
}

/** `nft inet x y handle 3`, as the model writes down what it read. */
function deletionOf(evidence: string): string[][] {
  const [, family, table, chain, handle] = /^nft (\S+) (\S+) (\S+) handle (\d+)$/.exec(evidence) ?? [];
  if (family === undefined || table === undefined || chain === undefined || handle === undefined) return [];
  return [["nft", "delete", "rule", family, table, chain, "handle", handle]];
}
