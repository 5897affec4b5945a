/** Packets that left the host as they should, and what became of them there: nothing of that can be read. Pure. */
import { succeeded } from "./outcomes.ts";
import { type Attempt, type Observations, OUTSIDE, type Place, type Walk } from "./types/index.ts";

export interface BeyondHost {
  /** Whose link it is: the host's, or a container's that hangs on one of the host's links (macvlan, ipvlan). */
  readonly place: Place;
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
  const exit = walk.there.findLast(({ device }) => device !== undefined && device !== "");
  const [place, uplink] = [exit?.place, exit?.device];
  const attempt = observations.attempts.find((one) => !succeeded(one));
  if (place === undefined || uplink === undefined || attempt === undefined || observations.attempts.some(succeeded))
    return undefined;
  if (wasStopped(observations)) return undefined;
  const neighbour = observations.neighbours.find(
    ({ place: where, device, address, state }) =>
      where === place && device === uplink && isAsked(walk, address) && (state === "failed" || state === "incomplete"),
  )?.address;
  const facts = { place, uplink, attempt, neighbour };
  if (neighbour !== undefined) return { ...facts, end: "no-neighbour", wasSeen: true };
  const seenReturning = hasReturned(observations, uplink);
  if (isRefusal(attempt)) return { ...facts, end: "refused", wasSeen: seenReturning };
  // Nobody has to answer a datagram.
  const isSilence = attempt.outcome === "silence" && walk.flow.protocol !== "udp";
  const isGone = isSilence && hasLeft(observations, place, uplink) && !seenReturning;
  return isGone ? { ...facts, end: "silence", wasSeen: true } : undefined;
}

/** The next hop by the walk, where it names one: entries of others may have failed long ago. */
function isAsked({ there, flow }: Walk, address: string): boolean {
  const named = there.flatMap(({ stage, text }) => {
    const [, nextHop] = (stage === "neighbour" ? /^(\S+) / : / via (\S+)/).exec(text) ?? [];
    return nextHop === undefined ? [] : [nextHop];
  });
  return named.length === 0 || named.includes(address) || flow.destination === address;
}

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

const hasLeft = ({ devices }: Observations, from: Place, uplink: string): boolean =>
  devices.some(
    ({ place, device, event, direction }) =>
      (place === from || place === undefined) && device === uplink && event === "sent" && direction === "there",
  );
