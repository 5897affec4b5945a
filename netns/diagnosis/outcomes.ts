/** What attempts to reach somebody say, taken together. */
import { type Attempt, type Death, type Flow, HOST, type Observations, type Result, type Walk } from "./types/index.ts";

const SUCCESSES: ReadonlySet<Attempt["outcome"]> = new Set(["connected", "answered"]);

/** Deaths that only packets of some size die. */
const SIZES: ReadonlySet<Death["kind"]> = new Set(["too-big", "mtu-of-peer"]);

export const succeeded = ({ outcome }: Attempt): boolean => SUCCESSES.has(outcome);

/** What a death that the model found means for the sender, and whether that is what he got. */
export function attemptsFit(attempts: readonly Attempt[], { kind, seen, facts }: Death): boolean {
  const failed = attempts.filter((attempt) => !succeeded(attempt));
  if (seen === "accepted-silence") return attempts.some(succeeded);
  if (SIZES.has(kind) && attempts.length > 0 && attempts.every(isDataLost)) return true;
  // A rule that chooses by chance or by number lets some pass.
  if (facts["limit"] === true) return failed.length > 0;
  if (failed.length === 0 || failed.length < attempts.length) return false;
  // Silence, and the errors that the kernel makes of it after a while, are one; a refusal is another answer.
  return failed.every(({ outcome }) => (outcome === "refused") === (seen === "refused"));
}

/** @returns undefined when nothing was sent */
function observedResult(flow: Flow, observations: Observations | undefined, walk: Walk): Result | undefined {
  const attempts = observations?.attempts ?? [];
  if (observations === undefined || attempts.length === 0) return undefined;
  const good = attempts.filter(succeeded).length;
  if (good === attempts.length && (isSwallowed(observations) || isUntaken(observations))) return "UNREACHABLE";
  if (good === attempts.length) return attempts.every(isDataLost) ? "PARTIAL" : "REACHABLE";
  if (good > 0) return "PARTIAL";
  if (!isSilentDatagram(flow, attempts) || wasDropped(observations)) return "UNREACHABLE";
  if (wasDelivered(observations, walk)) return "REACHABLE";
  return walk.deaths.some(isSilentDoubt) ? "UNREACHABLE" : "UNDETERMINED";
}

/** Under a condition that cannot be told the packet is lost without a word: then silence says that it holds. */
const isSilentDoubt = ({ death: { facts, seen } }: Walk["deaths"][number]): boolean =>
  facts["uncertain"] === true && seen === "silence";

/**
 * A rule that answers in the server's place (synproxy) has connected the sender, and keeps the server's own answer: the
 * two never come together.
 */
export const isSwallowed = ({ attempts, verdicts }: Observations): boolean =>
  attempts.every(({ outcome, dataTaken }) => outcome === "connected" && dataTaken !== true) &&
  verdicts.some(({ direction, verdict }) => direction === "back" && verdict === "stolen");

/** The kernel over there has made the connection, and the program does not take it. */
export const isUntaken = ({ untaken = [] }: Observations): boolean => untaken.length > 0;

/** Connected, and what was sent then was not even acknowledged by the other kernel: small packets pass, large ones do not. */
const isDataLost = ({ outcome, dataTaken }: Attempt): boolean => outcome === "connected" && dataTaken === false;

/** With all that was sent. */
export const gotThrough = (attempt: Attempt): boolean => succeeded(attempt) && !isDataLost(attempt);

/** Nobody has to answer a datagram: silence proves nothing. */
const isSilentDatagram = ({ protocol }: Flow, attempts: readonly Attempt[]): boolean =>
  protocol === "udp" && attempts.every(({ outcome }) => outcome === "silence");

const wasDropped = ({ drops, verdicts, neighbours }: Observations): boolean =>
  drops.length > 0 ||
  verdicts.some(({ verdict }) => verdict === "drop") ||
  neighbours.some(({ state }) => state === "failed" || state === "incomplete");

/** It was seen coming in where the socket is that takes it. */
const wasDelivered = ({ devices }: Observations, { arrivesAt, result }: Walk): boolean =>
  result === "arrives" &&
  arrivesAt !== HOST &&
  devices.some(({ place, direction, event }) => place === arrivesAt && direction === "there" && event === "received");

function predictedResult({ result, deaths, unknowns, flow }: Walk): Result {
  if (result === "arrives") return "REACHABLE";
  const serious = deaths.filter(({ death }) => !spares(death));
  // What concerns some of the packets only is told as a death: it is no reason not to judge.
  if (result === "unknown" && (deaths.length === 0 || !unknowns.every(isOccasional))) return "UNDETERMINED";
  if (serious.length === 0) return deaths.length === 0 ? "UNDETERMINED" : "REACHABLE";
  return serious.every((one) => isPartial(flow, one)) ? "PARTIAL" : "UNREACHABLE";
}

const isOccasional = (unknown: string): boolean => unknown.endsWith("some of the packets only");

/** A rule beyond a rate does not meet one packet alone. */
export const spares = ({ facts }: Death): boolean =>
  facts["limit"] === true && /limit rate over|"limit":\{[^}]*"inv":true/.test(String(facts["ruleText"]));

/** Some packets pass: by chance, small ones, or those of one direction where no answer is needed. */
function isPartial({ protocol }: Flow, { direction, death }: Walk["deaths"][number]): boolean {
  const { kind, facts } = death;
  if (facts["limit"] === true || SIZES.has(kind)) return true;
  return protocol === "udp" && direction === "back";
}

/** The connection is made, and then nobody answers: that is no success, and no packet shows it. */
const isAcceptedOnly = ({ deaths }: Walk): boolean =>
  deaths.length > 0 && deaths.every(({ death }) => death.seen === "accepted-silence");

export interface Verdict {
  readonly result: Result;
  readonly predicted: Result;
  readonly observed: Result | undefined;
  readonly agreement: boolean | undefined;
}

/** What a packet showed counts more than what was read; what it cannot show is taken from there. */
export function judge(flow: Flow, walk: Walk, observations: Observations | undefined): Verdict {
  const [predicted, observed] = [predictedResult(walk), observedResult(flow, observations, walk)];
  const verdict = (result: Result, agreement: boolean | undefined): Verdict => ({
    result,
    predicted,
    observed,
    agreement,
  });
  if (observed === undefined) return verdict(predicted, undefined);
  if (isAcceptedOnly(walk) && observed === "REACHABLE") return verdict(predicted, true);
  if (observed === "UNDETERMINED") return verdict(predicted === "REACHABLE" ? "UNDETERMINED" : predicted, undefined);
  if (predicted === "UNDETERMINED") return verdict(observed, undefined);
  if (predicted === "PARTIAL" && observed === "UNREACHABLE") return verdict("PARTIAL", true);
  return verdict(observed, predicted === observed || predicted === "PARTIAL");
}
