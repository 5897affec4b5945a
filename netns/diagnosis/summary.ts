/** The two first lines: what happens, and why. A reader who knows nothing of networks has to understand them. */
import { succeeded } from "./outcomes.ts";
import type { Attempt, Finding, Flow, Observations, Result } from "./types/index.ts";

export interface Conclusion {
  readonly flow: Flow;
  readonly result: Result;
  readonly findings: readonly Finding[];
  readonly observations: Observations | undefined;
  readonly unknowns: readonly string[];
}

export const summaryOf = (conclusion: Conclusion): string => `${whatHappens(conclusion)}\n${whyItHappens(conclusion)}`;

function whatHappens({ flow, result, observations }: Conclusion): string {
  const [from, to] = [flow.fromText, flow.toText];
  const attempts = observations?.attempts ?? [];
  switch (result) {
    case "REACHABLE":
      return attempts.length === 0
        ? `${from} should reach ${to}; no packet was sent.`
        : `${from} reaches ${to}${timeOf(attempts)}.`;
    case "UNREACHABLE":
      return `${from} does not reach ${to}${failureOf(attempts)}.`;
    case "PARTIAL":
      return `${from} reaches ${to} only in part${shareOf(attempts)}.`;
    default:
      return `Whether ${from} reaches ${to} cannot be told.`;
  }
}

function timeOf(attempts: readonly Attempt[]): string {
  const [first] = attempts.filter(succeeded);
  return first === undefined ? "" : ` (${milliseconds(first)})`;
}

const milliseconds = ({ milliseconds: time }: Attempt): string =>
  time < 10 ? `${time.toFixed(1)} ms` : `${Math.round(time)} ms`;

const FAILURES: Readonly<Partial<Record<Attempt["outcome"], string>>> = {
  refused: "the connection is refused",
  silence: "no answer",
  unreachable: "the kernel knows no way",
  error: "it cannot even be sent",
};

function failureOf(attempts: readonly Attempt[]): string {
  const first = attempts.find((attempt) => !succeeded(attempt));
  if (first === undefined) return attempts.length === 0 ? "" : ": it is connected, and nobody answers";
  const errno = first.errno === undefined ? "" : `, ${first.errno}`;
  return `: ${FAILURES[first.outcome] ?? first.outcome} (after ${milliseconds(first)}${errno})`;
}

function shareOf(attempts: readonly Attempt[]): string {
  if (attempts.length === 0) return "";
  return `: ${attempts.filter(succeeded).length} of ${attempts.length} attempts got through`;
}

function whyItHappens({ result, findings, unknowns }: Conclusion): string {
  const [first] = findings;
  if (result === "REACHABLE") {
    return first === undefined ? "Nothing stands in the way." : `Worth knowing: ${first.title} (${first.code})`;
  }
  if (first !== undefined) return `${first.title} (${first.code})`;
  if (result === "UNDETERMINED") {
    const [unknown] = unknowns;
    return unknown === undefined
      ? "Nobody has to answer such a packet, and nothing that was read stands in its way."
      : `This could not be decided: ${unknown}.`;
  }
  return "No cause was found.";
}
