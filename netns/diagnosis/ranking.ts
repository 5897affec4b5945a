/** Which findings are told, and in which order: what stands in the way first comes first, and consequences not at all. */
import type { Confidence, Finding, Severity } from "./types/index.ts";

/** What follows of a cause by itself, so that it is no finding of its own where that cause is found. */
const CONSEQUENCES: Readonly<Record<string, readonly string[]>> = {
  CTRN101: ["CTRN102"],
  CTRN115: ["CTRN103", "CTRN109", "CTRN201", "CTRN204", "CTRN205", "CTRN207", "CTRN209", "CTRN211", "CTRN601"],
  CTRN117: ["CTRN202"],
  CTRN119: [
    ...[
      "CTRN103",
      "CTRN117",
      "CTRN193",
      "CTRN201",
      "CTRN204",
      "CTRN205",
      "CTRN207",
      "CTRN211",
      "CTRN311",
      "CTRN401",
      "CTRN402",
    ],
    ...["CTRN406", "CTRN408", "CTRN420", "CTRN421", "CTRN601", "CTRN602"],
  ],
  CTRN202: ["CTRN201", "CTRN204"],
  CTRN204: ["CTRN601", "CTRN602"],
  CTRN205: ["CTRN206", "CTRN311", "CTRN313", "CTRN601", "CTRN603"],
  CTRN206: ["CTRN311", "CTRN313", "CTRN601"],
  CTRN208: ["CTRN601", "CTRN602"],
  CTRN213: ["CTRN601", "CTRN602"],
  CTRN215: ["CTRN406", "CTRN414"],
  CTRN216: ["CTRN103", "CTRN117", "CTRN201", "CTRN202", "CTRN211", "CTRN601"],
  CTRN301: [
    "CTRN304",
    "CTRN305",
    "CTRN306",
    "CTRN307",
    "CTRN308",
    "CTRN311",
    "CTRN313",
    "CTRN314",
    "CTRN316",
    "CTRN401",
  ],
  CTRN302: [
    ...["CTRN301", "CTRN304", "CTRN305", "CTRN306", "CTRN307", "CTRN308", "CTRN311", "CTRN313", "CTRN401", "CTRN402"],
    ...["CTRN405", "CTRN406"],
  ],
  CTRN303: ["CTRN301", "CTRN311", "CTRN312", "CTRN314", "CTRN316", "CTRN401", "CTRN413"],
  CTRN304: ["CTRN103", "CTRN104", "CTRN109", "CTRN305", "CTRN306", "CTRN307", "CTRN308", "CTRN311", "CTRN407"],
  CTRN309: ["CTRN308", "CTRN310", "CTRN313", "CTRN601"],
  CTRN310: ["CTRN101", "CTRN306", "CTRN308", "CTRN313"],
  CTRN311: ["CTRN101", "CTRN102", "CTRN201", "CTRN401", "CTRN402", "CTRN405", "CTRN406"],
  CTRN314: ["CTRN306", "CTRN308", "CTRN311", "CTRN313"],
  CTRN316: ["CTRN101", "CTRN102", "CTRN201", "CTRN311", "CTRN312", "CTRN401", "CTRN406", "CTRN413", "CTRN414"],
  CTRN318: ["CTRN301", "CTRN303", "CTRN304", "CTRN311", "CTRN312", "CTRN316", "CTRN401", "CTRN413", "CTRN414"],
  CTRN319: ["CTRN309", "CTRN601", "CTRN602", "CTRN603"],
  CTRN321: ["CTRN311", "CTRN401", "CTRN402", "CTRN405", "CTRN406", "CTRN413", "CTRN414"],
  CTRN320: ["CTRN309", "CTRN313", "CTRN405", "CTRN406"],
  CTRN405: ["CTRN407"],
  CTRN415: ["CTRN311", "CTRN401", "CTRN402", "CTRN406", "CTRN413", "CTRN414"],
  CTRN406: ["CTRN103", "CTRN190", "CTRN191", "CTRN193", "CTRN601", "CTRN602"],
  CTRN414: ["CTRN201", "CTRN205", "CTRN406", "CTRN407"],
  CTRN410: ["CTRN409"],
  CTRN411: ["CTRN409", "CTRN410"],
  CTRN412: ["CTRN421"],
  CTRN604: ["CTRN612"],
  CTRN605: ["CTRN612"],
  CTRN606: ["CTRN612"],
  CTRN501: ["CTRN601", "CTRN602"],
  CTRN503: ["CTRN505", "CTRN601", "CTRN602"],
};

const SEVERITIES: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };
const CONFIDENCES: Readonly<Record<Confidence, number>> = { confirmed: 0, likely: 1, possible: 2 };

/** Of a flow. */
export const rankOnTheWay = (findings: readonly Finding[]): Finding[] =>
  withoutConsequences(once(findings)).toSorted(
    (one, other) =>
      orderOf(one) - orderOf(other) ||
      CONFIDENCES[one.confidence] - CONFIDENCES[other.confidence] ||
      SEVERITIES[one.severity] - SEVERITIES[other.severity],
  );

/** Of a look at the state: errors first, else by code. */
export const rankByWeight = (findings: readonly Finding[]): Finding[] =>
  withoutConsequences(once(findings)).toSorted(
    (one, other) =>
      SEVERITIES[one.severity] - SEVERITIES[other.severity] ||
      one.code.localeCompare(other.code) ||
      one.object.localeCompare(other.object),
  );

/** What is known of the state alone comes behind what is on the way. */
const orderOf = ({ position }: Finding): number =>
  position === undefined ? 2e6 : (position.direction === "there" ? 0 : 1e6) + position.hop;

/** One object may stand in the way twice; the first time counts. */
function once(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>();
  for (const finding of findings.toSorted((one, other) => orderOf(one) - orderOf(other))) {
    const key = `${finding.code} ${finding.object}`;
    if (!seen.has(key)) seen.set(key, finding);
  }
  return [...seen.values()];
}

/** A consequence lies at its cause, or behind it. */
function withoutConsequences(findings: readonly Finding[]): Finding[] {
  return findings.filter(
    (finding) =>
      !findings.some(
        (cause) => CONSEQUENCES[cause.code]?.includes(finding.code) === true && orderOf(cause) <= orderOf(finding),
      ),
  );
}
