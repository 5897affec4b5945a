/** Makes findings: what all causes write the same way. */
import type { Obstacle } from "../obstacles.ts";
import type { Cause, Confidence, Evidence, Finding, Fix, Severity } from "../types/index.ts";

/** What a cause says of one case. */
export interface Case {
  readonly object: string;
  readonly title: string;
  readonly explanation: string;
  readonly evidence: readonly Evidence[];
  readonly fix?: Fix | undefined;
  /** The cause's own where left out. */
  readonly severity?: Severity;
  /** That of the obstacle where left out; `likely` for what was read and not tried. */
  readonly confidence?: Confidence;
}

/**
 * @param obstacle where it strikes the flow; undefined for a look at the state alone
 */
export function found(
  { code, severity }: Pick<Cause, "code" | "severity">,
  obstacle: Obstacle | undefined,
  details: Case,
): Finding {
  const { object, title, explanation, evidence, fix } = details;
  return {
    code,
    severity: details.severity ?? (obstacle?.confidence === "possible" && severity === "error" ? "warning" : severity),
    object,
    title,
    explanation,
    evidence: [...evidence, ...evidenceOf(obstacle)],
    confidence: details.confidence ?? obstacle?.confidence ?? "likely",
    fix,
    position: obstacle === undefined ? undefined : { direction: obstacle.direction, hop: obstacle.position },
  };
}

/** What the model read there, and what of it was seen. */
function evidenceOf(obstacle: Obstacle | undefined): Evidence[] {
  if (obstacle === undefined) return [];
  const read = obstacle.evidence.map((value) => ({ source: `hop ${obstacle.position + 1}`, value }));
  const seen = obstacle.seen.map((value) => ({ source: "packet", value }));
  return [...read, ...seen];
}
