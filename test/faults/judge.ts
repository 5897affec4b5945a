/** Whether an answer is right. */
import type { DoctorReport, Finding, FlowReport, JoinedHop, Result } from "../../netns/diagnosis/types/index.ts";
import type { Effect } from "./fault.ts";
import type { Diagnosis, Trial } from "./trial.ts";

export interface Judgement {
  /** The first cause that was named is right. */
  readonly first: boolean;
  /** One of the first three is. */
  readonly amongThree: boolean;
  /** What was broken is named there. */
  readonly object: boolean;
  /** No report, or one that does not decide. */
  readonly undetermined: boolean;
  /** `REACHABLE CTRN101 CTRN115`. */
  readonly got: string;
}

/** Results that do not contradict what is so. What happens by chance cannot be told where nothing is sent. */
const WANTED: Readonly<Record<Effect, readonly Result[]>> = {
  broken: ["UNREACHABLE", "PARTIAL"],
  partial: ["UNREACHABLE", "PARTIAL", "UNDETERMINED", "REACHABLE"],
  slow: ["REACHABLE", "PARTIAL", "UNREACHABLE"],
  closed: ["UNREACHABLE", "PARTIAL"],
  opened: ["REACHABLE"],
  latent: ["REACHABLE"],
};

/** All that a finding says, as one text. */
export const textOf = ({ code, object, title, explanation, evidence, fix }: Finding): string =>
  [
    ...[code, object, title, explanation],
    ...evidence.flatMap(({ source, value, expected = "" }) => [source, value, expected]),
    ...(fix === undefined ? [] : [fix.text, ...fix.commands.map((argv) => argv.join(" "))]),
  ].join("\n");

/** @param names all of them; alternatives are separated by `|` */
export const namesAll = (text: string, names: readonly string[]): boolean =>
  names.every((name) => name.split("|").some((one) => text.toLowerCase().includes(one.toLowerCase())));

export function judgeFlow(trial: Trial, { report }: Diagnosis<FlowReport>): Judgement {
  if (report === undefined) return NO_ANSWER;
  const wanted = WANTED[trial.fault.effect ?? "broken"];
  const decided = wanted.includes(report.result);
  const { findings } = report;
  return {
    ...judgeFindings(trial, findings, decided, hopText(report)),
    undetermined: report.result === "UNDETERMINED",
    got: [report.result, ...findings.slice(0, 3).map(({ code }) => code)].join(" "),
  };
}

/** For faults that no path shows. */
export function judgeDoctor(trial: Trial, { report }: Diagnosis<DoctorReport>): Judgement {
  if (report === undefined) return NO_ANSWER;
  const { findings } = report;
  return {
    ...judgeFindings(trial, findings, true, ""),
    undetermined: false,
    got: ["doctor", ...findings.slice(0, 3).map(({ code }) => code)].join(" "),
  };
}

function judgeFindings(
  { injection: { codes, names } }: Trial,
  findings: readonly Finding[],
  decided: boolean,
  hop: string,
): Pick<Judgement, "first" | "amongThree" | "object"> {
  const three = findings.slice(0, 3);
  const isRight = (finding: Finding): boolean =>
    codes.length > 0 ? codes.includes(finding.code) : namesAll(textOf(finding), names);
  const byHop = codes.length === 0 && namesAll(hop, names);
  const [one] = three;
  const first = decided && (byHop || (one !== undefined && isRight(one)));
  const amongThree = decided && (byHop || three.some(isRight));
  const right = three.find(isRight);
  return {
    first,
    amongThree,
    object: amongThree && (byHop || (right !== undefined && namesAll(textOf(right), names))),
  };
}

const NO_ANSWER: Judgement = { first: false, amongThree: false, object: false, undetermined: true, got: "no report" };

/** What is said of the step where the packet ends. */
function hopText({ there, back }: FlowReport): string {
  return [...there, ...back]
    .filter(({ model, live }) => model === "dies" || live === "died")
    .map(({ where, text, evidence, hop }: JoinedHop) =>
      [where, text, ...evidence, hop?.text ?? "", ...(hop?.evidence ?? [])].join("\n"),
    )
    .join("\n");
}

/** What is wrong with the answer to a path without a fault; empty when nothing is. */
export function falseAlarms(flow: Diagnosis<FlowReport>, state: Diagnosis<DoctorReport> | undefined): string[] {
  const { report } = flow;
  const errors = (findings: readonly Finding[]): Finding[] => findings.filter(({ severity }) => severity === "error");
  return [
    ...(report === undefined ? [`no report: ${flow.stderr.slice(0, 200)}`] : []),
    ...(report !== undefined && report.result !== "REACHABLE" ? [`the flow is ${report.result}`] : []),
    ...errors(report?.findings ?? []).map(({ code, object }) => `why: ${code} ${object}`),
    ...(state !== undefined && state.report === undefined
      ? [`no report of doctor: ${state.stderr.slice(0, 200)}`]
      : []),
    ...errors(state?.report?.findings ?? []).map(({ code, object }) => `doctor: ${code} ${object}`),
  ];
}

/** Warnings of a path without a fault: no alarms, and to be looked at. */
export const warnings = (flow: Diagnosis<FlowReport>, state: Diagnosis<DoctorReport>): string[] =>
  [...(flow.report?.findings ?? []), ...(state.report?.findings ?? [])]
    .filter(({ severity }) => severity === "warning")
    .map(({ code, object }) => `${code} ${object}`);
