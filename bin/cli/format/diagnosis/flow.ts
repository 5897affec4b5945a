/** The answer to “can A reach B” as people read it: the verdict, the cause, what speaks for it, what to type. */
import type { Attempt, FlowReport, Result } from "../../../../netns/index.ts";
import { wrap } from "../paragraph.ts";
import { findingsText, notCheckedText } from "./findings.ts";
import type { Ink, Paint } from "./paint.ts";
import { traceTable } from "./trace-table.ts";

export interface FlowLayout {
  readonly paint: Paint;
  /** Columns of the terminal; undefined elsewhere. */
  readonly width: number | undefined;
}

const INKS: Readonly<Record<Result, Ink>> = {
  REACHABLE: "green",
  UNREACHABLE: "red",
  PARTIAL: "yellow",
  UNDETERMINED: "yellow",
};

/** `ctr net why`: one screen. */
export function whyText(report: FlowReport, { paint }: FlowLayout): string {
  return [
    `${paint(INKS[report.result], report.result)}  ${endsText(report)}   ${attemptsText(report)}`.trimEnd(),
    "\n",
    summaryText(report),
    ...notesOf(report),
    report.findings.length === 0 ? "" : `\n${findingsText(report.findings, paint)}`,
    footer(report),
  ].join("");
}

/** `ctr net trace`: every step, then the cause. */
export function traceText(report: FlowReport, layout: FlowLayout & { readonly withReturn: boolean }): string {
  const { paint } = layout;
  const { predicted, observed, there, back, findings, other } = report;
  const live = observed === undefined ? unseenText(report) : `seen: ${observed} (${attemptsText(report)})`;
  const parts = [
    `${paint(INKS[report.result], report.result)}  ${endsText(report)}   predicted: ${predicted}, ${live}\n`,
    summaryText(report),
    ...notesOf(report),
    there.length === 0 ? "" : `\n${traceTable(there, layout)}`,
    layout.withReturn && back.length > 0 ? `\nThe way back\n${traceTable(back, layout)}` : "",
    findings.length === 0 ? "" : `\n${findingsText(findings, paint)}`,
    footer(report),
  ];
  if (other !== undefined) parts.push(`\n${traceText(other, layout)}`);
  return parts.join("");
}

/** Packets of others show where they come by, not whether they are answered. */
const unseenText = ({ observations }: FlowReport): string =>
  (observations?.verdicts.length ?? 0) > 0 ? "packets of programs were followed" : "no packet was sent";

/** What happens, and why: a line each. */
const summaryText = ({ summary }: FlowReport): string =>
  summary
    .split("\n")
    .map((line) => wrap(line))
    .join("");

/** `web (10.1.0.2) → api:8080 (10.1.0.3)`. */
function endsText({ flow, attempts }: FlowReport): string {
  const { fromText, toText, destination } = flow;
  const source = flow.source || (attempts.find(({ local }) => local !== undefined)?.local?.source ?? "");
  const shown = (text: string, address: string): string =>
    address === "" || text.includes(address) ? text : `${text} (${address})`;
  return `${shown(fromText, source)} → ${shown(toText, destination)}`;
}

function attemptsText({ attempts }: FlowReport): string {
  const [first] = attempts;
  if (first === undefined) return "";
  const outcomes = new Set(attempts.map(outcomeText));
  if (outcomes.size > 1) return `${attempts.length} attempts: ${[...outcomes].join(", ")}`;
  const times = attempts.map(({ milliseconds }) => milliseconds);
  const count = attempts.length > 1 ? `, ${attempts.length} attempts` : "";
  return `${outcomeText(first)} ${first.outcome === "silence" ? "for" : "after"} ${duration(first.outcome === "silence" ? Math.max(...times) : Math.min(...times))}${count}`;
}

const OUTCOMES: Readonly<Record<Attempt["outcome"], string>> = {
  connected: "connected",
  answered: "answered",
  refused: "refused",
  silence: "no answer",
  unreachable: "told to be unreachable",
  error: "could not be sent",
};

function outcomeText({ outcome, errno, reportedBy }: Attempt): string {
  const by = reportedBy === undefined ? "" : ` by ${reportedBy}`;
  const code = errno === undefined || outcome === "refused" ? "" : ` (${errno})`;
  return `${OUTCOMES[outcome]}${by}${code}`;
}

const duration = (milliseconds: number): string =>
  milliseconds >= 1000
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;

function notesOf({ notes = [], lookup, other, result }: FlowReport): string[] {
  const looked =
    lookup === undefined
      ? []
      : [
          lookup.addresses.length > 0
            ? `name: ${lookup.name} is ${lookup.addresses.join(", ")}, ${nameSource(lookup)}`
            : `name: ${lookup.name} is not found, ${nameSource(lookup)}`,
        ];
  const families =
    other === undefined || result === "PARTIAL"
      ? []
      : [`also tried: ${other.flow.destination} (IPv${other.flow.family}): ${other.result}`];
  return [...notes.map((note) => `note: ${note}`), ...looked, ...families].map((line) => wrap(line));
}

const nameSource = ({ by, servers, milliseconds }: NonNullable<FlowReport["lookup"]>): string =>
  by === "hosts" ? "by /etc/hosts" : `asked of ${servers.join(", ")} in ${duration(milliseconds)}`;

/** What was left out, and how long it took. */
function footer({ notChecked, fixes = [] }: FlowReport): string {
  const done = fixes.map(({ code, object, error }) =>
    error === undefined ? `mended: ${code} ${object}` : `could not be mended: ${code} ${object}: ${error}`,
  );
  const lines = [...done.map((line) => wrap(line)), ...notChecked.map(notCheckedText)];
  return lines.length === 0 ? "" : `\n${lines.join("")}`;
}
