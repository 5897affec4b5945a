/**
 * Where a flow ends, from both sources: the deaths of the model, and what was seen of a real packet. One list, in the
 * order of the way, so that a cause need not ask whether it was the state or a packet that told.
 */
import { obstaclesSeen } from "./obstacles-seen.ts";
import { attemptsFit, gotThrough, isSwallowed } from "./outcomes.ts";
import type {
  Confidence,
  Death,
  DeathKind,
  FlowContext,
  Observations,
  PacketHeader,
  Place,
  Walk,
} from "./types/index.ts";

export interface Obstacle {
  readonly kind: DeathKind;
  /** See {@link Death.facts}. */
  readonly facts: Death["facts"];
  readonly direction: "there" | "back";
  /** Steps before it; steps of the model that lie behind its first death are counted on. */
  readonly position: number;
  readonly place: Place;
  readonly device: string | undefined;
  /** As it is when it gets there: translation may have changed it. */
  readonly packet: PacketHeader | undefined;
  /** The step in words. */
  readonly text: string;
  /** What was read. */
  readonly evidence: readonly string[];
  /** What was seen of a packet. */
  readonly seen: readonly string[];
  readonly confidence: Confidence;
}

const known = new WeakMap<FlowContext, readonly Obstacle[]>();

/** All of them, in the order of the way. */
export function obstaclesOf(context: FlowContext): readonly Obstacle[] {
  const before = known.get(context);
  if (before !== undefined) return before;
  const all = inOrder(joinSources(context));
  known.set(context, all);
  return all;
}

/** Those of some kinds. */
export const obstaclesOfKind = (context: FlowContext, ...kinds: readonly DeathKind[]): readonly Obstacle[] =>
  obstaclesOf(context).filter(({ kind }) => kinds.includes(kind));

function joinSources(context: FlowContext): Obstacle[] {
  const read = obstaclesRead(context);
  const seen = obstaclesSeen(context);
  const joined = read.map((obstacle) => {
    const witnesses = seen.filter((other) => isSame(obstacle, other)).flatMap((other) => other.seen);
    return witnesses.length === 0
      ? obstacle
      : { ...obstacle, seen: [...new Set(witnesses)], confidence: "confirmed" as const };
  });
  // What the model explains with another step of the same place is no obstacle of its own.
  const unexplained = seen.filter((other) => !read.some((obstacle) => isSame(obstacle, other)));
  return [...joined, ...(mayAddSeen(context, read) ? unexplained : [])];
}

/** A packet that dies as the model says may leave traces that look like other deaths: they are not told beside it. */
function mayAddSeen({ observations }: FlowContext, read: readonly Obstacle[]): boolean {
  if (observations === undefined) return false;
  const [first] = read;
  return first === undefined || first.confidence !== "confirmed";
}

/** Of one kind, in one place; of filters in one chain. */
function isSame(one: Obstacle, other: Obstacle): boolean {
  const agrees = (key: string): boolean => {
    const [a, b] = [one.facts[key], other.facts[key]];
    return a === undefined || b === undefined || a === b;
  };
  if (isFilter(one.kind) && isFilter(other.kind)) {
    return one.place === other.place && ["family", "table", "chain", "handle"].every(agrees);
  }
  return one.kind === other.kind && (one.place === other.place || other.facts["place"] === undefined);
}

const isFilter = (kind: DeathKind): boolean => kind === "filter-drop" || kind === "filter-reject";

function obstaclesRead(context: FlowContext): Obstacle[] {
  const { walk, observations } = context;
  const deaths = walk.deaths.filter(({ death }) => !isDisproved(death, observations));
  return deaths.map(({ direction, hop, death }, index) => {
    const fits = index === 0 && observations !== undefined && isWitness(observations, death);
    return {
      kind: death.kind,
      facts: death.facts,
      direction,
      position: positionIn(walk, direction, hop, index),
      place: String(death.facts["place"] ?? hop.place),
      device: hop.device,
      packet: hop.packet,
      text: hop.text,
      evidence: hop.evidence,
      seen: [],
      confidence: confidenceOf(death, fits),
    };
  });
}

/** What a filter does with the packets of a connection that is there already, nobody has seen: a probe sends no data. */
const isWitness = (observations: Observations, death: Death): boolean =>
  (!(isFilter(death.kind) && death.seen === "accepted-silence") && attemptsFit(observations.attempts, death)) ||
  (death.facts["uncertain"] === true && isSwallowed(observations));

/** What ends the packet under a condition that cannot be told explains what was seen; it does not prove the condition. */
function confidenceOf({ facts }: Death, fits: boolean): Confidence {
  if (facts["uncertain"] === true) return fits ? "likely" : "possible";
  return fits ? "confirmed" : "likely";
}

/** That the condition does not hold is shown by a packet that gets through. */
const isDisproved = ({ facts }: Death, observations: Observations | undefined): boolean =>
  facts["uncertain"] === true &&
  observations !== undefined &&
  observations.attempts.length > 0 &&
  !isSwallowed(observations) &&
  observations.attempts.every(gotThrough);

/** Steps behind the first death are not in the walk's list: they follow it. */
function positionIn(walk: Walk, direction: "there" | "back", hop: Walk["there"][number], index: number): number {
  const hops = direction === "there" ? walk.there : walk.back;
  const at = hops.indexOf(hop);
  return at >= 0 ? at : hops.length + index;
}

const inOrder = (obstacles: readonly Obstacle[]): Obstacle[] =>
  obstacles.toSorted((one, other) => rank(one) - rank(other));

const rank = ({ direction, position }: Obstacle): number => (direction === "there" ? 0 : 1e6) + position;
