/** An explanation as people read it: the answer first, then what speaks for it, then what helps. */
import type { Evidence, Fix, Verdict } from "../../../cgroups/index.ts";
import { humanDuration } from "../../../lib/units/duration.ts";
import { formatBinarySize } from "../../../lib/units/size.ts";
import type { Explanation } from "../../../runtime/index.ts";
import { localSeconds } from "../timestamp.ts";
import { wrap } from "./paragraph.ts";
import { alignColumns } from "./table.ts";

export interface ExplanationLayout {
  /** With the figures that were looked at, also when there is a verdict. */
  readonly verbose: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function explanationText(explanation: Explanation, { verbose, now }: ExplanationLayout): string {
  const { headline, verdicts, earlier, notes } = explanation;
  const [first, ...others] = verdicts;
  const isWell = verdicts.every(({ severity }) => severity === "notice");
  return [
    `${headline}\n`,
    first === undefined ? "" : verdictText(first),
    ...others.map((verdict) => `\nAlso: ${verdictText(verdict)}`),
    first === undefined ? "" : processText(explanation),
    earlier === undefined
      ? ""
      : `\nOn the whole, over the last ${ageOf(earlier.since, now)}:\n${earlier.verdicts.map(shortText).join("")}`,
    previousText(explanation, now),
    isWell || verbose ? lookedText(explanation) : "",
    notes.length === 0 ? "" : `\n${notes.map((note) => wrap(note)).join("")}`,
  ].join("");
}

function verdictText({ title, explanation, evidence, fixes, count, since }: Verdict): string {
  const times = since === undefined ? "" : countText(count, since);
  return [
    `${title}\n\n`,
    wrap(explanation, "  "),
    times,
    evidence.length === 0 ? "" : `\n  Evidence\n${evidence.map(evidenceText).join("")}`,
    fixes.length === 0 ? "" : `\n  What helps\n${fixes.map(fixText).join("")}`,
  ].join("");
}

function countText(count: number | undefined, since: number): string {
  const first = localSeconds(since);
  return count === undefined || count === 1
    ? `  It happened at ${first}.\n`
    : `  It happened ${count} times, first at ${first}.\n`;
}

const evidenceText = ({ file, value, meaning }: Evidence): string =>
  `${wrap(`${value}: ${meaning}`, "    ")}      ${file}\n`;

const fixText = ({ text, command }: Fix): string =>
  wrap(`${text}${command === undefined ? "" : ":"}`, "    ") + (command === undefined ? "" : `      ${command}\n`);

const shortText = ({ title, fixes }: Verdict): string => {
  const command = fixes.find((fix) => fix.command !== undefined)?.command;
  return `${wrap(title, "  ")}${command === undefined ? "" : `    ${command}\n`}`;
};

/** Who is, or was, there when memory runs out: the kernel takes the one with the highest score. */
function processText({ processes, exit }: Explanation): string {
  if (processes.length === 0) return "";
  const hasScore = processes.some(({ oomScore }) => oomScore !== undefined);
  const heading = ["PID", "NAME", "MEMORY", "OOM_SCORE_ADJ", ...(hasScore ? ["OOM_SCORE"] : [])];
  const rows = processes.map(({ pid, name, memory, oomScoreAdj, oomScore, killed }) => [
    String(pid),
    killed ? `${name} (killed)` : name,
    formatBinarySize(memory),
    String(oomScoreAdj),
    ...(hasScore ? [String(oomScore ?? "")] : []),
  ]);
  const table = alignColumns([heading, ...rows], { minimum: 0 });
  return `\n  ${exit === undefined ? "Largest processes" : "Processes at the last kill"}\n${indented(table, "    ")}`;
}

function previousText({ previous }: Explanation, now: number): string {
  if (previous === undefined) return "";
  const { exit, verdicts } = previous;
  return `\nIts run before this one ended ${ageOf(exit.time, now)} ago (exit code ${exit.code}):\n${verdicts.map(shortText).join("")}`;
}

function lookedText({ looked, seconds }: Explanation): string {
  if (looked.length === 0) return "";
  const over = seconds === undefined ? "" : `, over ${Math.max(1, Math.round(seconds))} s`;
  const table = alignColumns(
    looked.map(({ what, text }) => [what, text]),
    { minimum: 0 },
  );
  return `\n  Looked at${over}\n${indented(table, "    ")}`;
}

const ageOf = (time: number, now: number): string => humanDuration(Math.max(0, now - time)).toLowerCase();

const indented = (text: string, indent: string): string => text.replace(/^(?=.)/gm, indent);
