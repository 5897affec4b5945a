/** Packets that left the host as they should, and what became of them there: nothing of that can be read. Pure. */
import { succeeded } from "./outcomes.ts";
import { type Attempt, HOST, type Hop, type Observations, OUTSIDE, type Walk } from "./types/index.ts";

export interface BeyondHost {
  /** By which it left. */
  readonly uplink: string;
  /** An answer said no; nobody answered; nobody has the address of the next machine. */
  readonly end: "refused" | "silence" | "no-neighbour";
  /** One of the attempts that ended so. */
  readonly attempt: Attempt;
  /** A packet showed it, and not the attempt's outcome alone. */
  readonly wasSeen: boolean;
  /** Whose hardware address nobody told: of `no-neighbour`. */
  readonly neighbour: string | undefined;
}

/** @returns undefined when it ended on the host, got through, or was not sent at all */
export function beyondHost(walk: Walk, observations: Observations | undefined): BeyondHost | undefined {
  if (observations === undefined || walk.result !== "arrives" || walk.arrivesAt !== OUTSIDE) return undefined;
  const uplink = uplinkOf(walk.there);
  const attempt = observations.attempts.find((one) => !succeeded(one));
  if (uplink === undefined || attempt === undefined || observations.attempts.some(succeeded)) return undefined;
  if (wasStopped(observations)) return undefined;
  const neighbour = observations.neighbours.find(
    ({ place, device, state }) => place === HOST && device === uplink && (state === "failed" || state === "incomplete"),
  )?.address;
  const facts = { uplink, attempt, neighbour };
  if (neighbour !== undefined) return { ...facts, end: "no-neighbour", wasSeen: true };
  const seenReturning = hasReturned(observations, uplink);
  if (isRefusal(attempt)) return { ...facts, end: "refused", wasSeen: seenReturning };
  // Nobody has to answer a datagram.
  const isSilence = attempt.outcome === "silence" && walk.flow.protocol !== "udp";
  const isGone = isSilence && hasLeft(observations, uplink) && !seenReturning;
  return isGone ? { ...facts, end: "silence", wasSeen: true } : undefined;
}

const uplinkOf = (hops: readonly Hop[]): string | undefined =>
  hops.findLast(({ place, device }) => place === HOST && device !== undefined && device !== "")?.device;

/** On this host: by a rule, or by the kernel. Drops elsewhere are another host's, see {@link OUTSIDE}. */
const wasStopped = ({ verdicts, drops }: Observations): boolean =>
  verdicts.some(({ verdict }) => verdict === "drop") || drops.some(({ place }) => place !== OUTSIDE);

/** Nobody on this host said so: {@link wasStopped}. */
const isRefusal = ({ outcome, reportedBy }: Attempt): boolean =>
  outcome === "refused" || (outcome === "unreachable" && reportedBy !== undefined);

/** The answer was seen coming in. */
const hasReturned = ({ devices, verdicts }: Observations, uplink: string): boolean =>
  devices.some(({ direction }) => direction === "back") ||
  verdicts.some(({ direction, inputDevice }) => direction === "back" && inputDevice === uplink);

const hasLeft = ({ devices }: Observations, uplink: string): boolean =>
  devices.some(
    ({ place, device, event, direction }) =>
      (place === HOST || place === undefined) && device === uplink && event === "sent" && direction === "there",
  );
