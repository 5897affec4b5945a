/** The model's steps beside what was seen of a real packet. */

import { succeeded } from "./outcomes.ts";
import type { SnapshotView } from "./snapshot-view.ts";
import type { Hop, JoinedHop, Observations, TracedVerdict } from "./types/index.ts";
import { HOST, OUTSIDE } from "./types/index.ts";

type Direction = "there" | "back";

/** @param hops of the model, in one direction */
export function joinHops(
  view: SnapshotView,
  hops: readonly Hop[],
  direction: Direction,
  observations: Observations | undefined,
): JoinedHop[] {
  const joined = hops.map((hop) => joinHop(view, hop, direction, observations));
  return [...joined, ...unmodelledDrops(view, hops, direction, observations)];
}

function joinHop(
  view: SnapshotView,
  hop: Hop,
  direction: Direction,
  observations: Observations | undefined,
): JoinedHop {
  const { live, evidence } = observations === undefined ? NOTHING : seenAt(hop, direction, observations);
  return {
    hop,
    where: whereOf(view, hop.place),
    text: hop.text,
    model: modelOf(hop),
    live,
    evidence: [...hop.evidence, ...evidence],
  };
}

interface Seen {
  readonly live: JoinedHop["live"];
  readonly evidence: readonly string[];
}

const NOTHING: Seen = { live: "-", evidence: [] };

function modelOf({ death, verdict }: Hop): JoinedHop["model"] {
  if (death !== undefined || verdict === "drop" || verdict === "reject") return "dies";
  return verdict === "unknown" ? "unknown" : "ok";
}

const whereOf = (view: SnapshotView, place: string): string =>
  place === HOST || place === OUTSIDE ? place : view.nameOf(place);

function seenAt(hop: Hop, direction: Direction, observations: Observations): Seen {
  if (hop.stage === "hook") return seenAtHook(hop, direction, observations);
  if (hop.stage === "neighbour") return seenOfNeighbour(hop, observations);
  if (hop.stage === "socket" || hop.stage === "program") return seenOfAnswer(hop, observations);
  if (hop.stage === "link" || hop.stage === "bridge") return seenOnDevice(hop, direction, observations);
  return NOTHING;
}

/** Chains of nat are passed by the first packet of a flow alone, so that not to be seen there means nothing. */
function seenAtHook({ hook, place }: Hop, direction: Direction, { verdicts }: Observations): Seen {
  const here = verdicts.filter(
    (verdict) =>
      verdict.place === place &&
      verdict.direction === direction &&
      verdict.family === hook?.family &&
      verdict.table === hook.table &&
      (verdict.chain === hook.chain || verdict.verdict === "drop"),
  );
  const last = here.at(-1);
  if (last === undefined) return NOTHING;
  return { live: last.verdict === "drop" ? "died" : "seen", evidence: [`trace: ${verdictText(last)}`] };
}

function verdictText({ table, chain, kind, handle, verdict }: TracedVerdict): string {
  const rule = handle === undefined ? "" : ` handle ${handle}`;
  return `${table} ${chain}${rule}${kind === "policy" ? " policy" : ""} ${verdict}`;
}

function seenOfNeighbour({ place, device }: Hop, { neighbours }: Observations): Seen {
  const here = neighbours.find((neighbour) => neighbour.place === place && neighbour.device === device);
  if (here === undefined) return NOTHING;
  const isLost = here.state === "failed" || here.state === "incomplete";
  return { live: isLost ? "died" : "seen", evidence: [`${here.address}: ${here.state}`] };
}

function seenOfAnswer({ death }: Hop, { attempts }: Observations): Seen {
  const [first] = attempts;
  if (first === undefined) return NOTHING;
  if (attempts.some(succeeded)) return { live: "seen", evidence: [first.outcome] };
  return death === undefined ? NOTHING : { live: "died", evidence: [first.errno ?? first.outcome] };
}

function seenOnDevice({ place, device }: Hop, direction: Direction, { devices, drops }: Observations): Seen {
  if (device === undefined) return NOTHING;
  const drop = drops.find((one) => one.device === device);
  const isSeen = devices.some(
    (step) =>
      step.device === device && step.direction === direction && (step.place === undefined || step.place === place),
  );
  if (isSeen)
    return { live: "seen", evidence: drop === undefined ? [] : [`kernel: ${drop.reason} at ${drop.location}`] };
  // Only where something was seen at all does its absence mean that it did not get here.
  return { live: devices.some((step) => step.direction === direction) ? "not seen" : "-", evidence: [] };
}

/** Verdicts that end a packet, in chains that the model does not have on its way. */
function unmodelledDrops(
  view: SnapshotView,
  hops: readonly Hop[],
  direction: Direction,
  observations: Observations | undefined,
): JoinedHop[] {
  const drops = observations?.verdicts.filter((one) => one.verdict === "drop" && one.direction === direction) ?? [];
  const isModelled = ({ place, family, table }: TracedVerdict): boolean =>
    hops.some(({ hook, ...hop }) => hop.place === place && hook?.family === family && hook.table === table);
  return drops
    .filter((verdict) => !isModelled(verdict))
    .map((verdict) => ({
      hop: undefined,
      where: whereOf(view, verdict.place),
      text: `${verdict.family} ${verdict.table}, chain ${verdict.chain}: drop`,
      model: "-",
      live: "died",
      evidence: [`trace: ${verdictText(verdict)}`],
    }));
}
