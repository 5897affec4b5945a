import { type Obstacle, obstaclesOf } from "../../obstacles.ts";
import type { Cause, FlowContext } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { filterEvidence, filterName, filtersOf } from "../filters.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { deletionOf, untrackedRules } from "../untracked.ts";

/** The kernel calls a packet invalid that belongs to no connection it knows: it has seen one direction only. */
export const invalidState: Cause = {
  code: "CTRN117",
  severity: "error",
  heading: "The firewall has seen one direction of the connection only",

  explain: (context) => [
    ...filtersOf(context, "invalid-state").map((filter) => found(invalidState, filter, caseOf(context, filter, true))),
    ...lostAnswers(context).map((obstacle) => found(invalidState, obstacle, caseOf(context, obstacle, false))),
  ],
};

const LOST: ReadonlySet<Obstacle["kind"]> = new Set([
  "not-translated",
  "translated-astray",
  "no-listener",
  "answer-unroutable",
  "answer-misrouted",
]);

/** Answers that are not followed keep the address they were sent with, and the client does not know it. */
const lostAnswers = (context: FlowContext): readonly Obstacle[] =>
  untrackedRules(context.view).length === 0
    ? []
    : obstaclesOf(context).filter(({ direction, kind }) => direction === "back" && LOST.has(kind));

function caseOf({ view }: FlowContext, obstacle: Obstacle, isDropped: boolean): Case {
  const [rule] = untrackedRules(view);
  const name = view.nameOf(placeOf(obstacle));
  return {
    object: rule?.name ?? filterName(obstacle),
    title: isDropped
      ? "The firewall drops packets as strays, because it has not seen the beginning of their connection."
      : "The answers come back with an address that the client does not know, because the kernel does not follow them.",
    explanation:
      (rule === undefined
        ? "Question and answer take different ways (two uplinks, a route of its own), or the host does not see one of them. "
        : `${rule.name} tells the kernel not to follow one direction (notrack). `) +
      (isDropped
        ? "A rule that drops what looks invalid then throws the other one away."
        : "Their address is not translated back."),
    evidence: [
      ...(isDropped ? filterEvidence(obstacle) : []),
      ...(rule === undefined ? [] : [{ source: rule.source, value: rule.text }]),
    ],
    fix: byHand(
      "Let both directions be followed.",
      ...(rule === undefined ? [] : [inPlace(placeOf(obstacle), name, deletionOf(rule))]),
    ),
  };
}
