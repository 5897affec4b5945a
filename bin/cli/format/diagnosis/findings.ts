/** Causes as people read them: what is wrong, what speaks for it, what to type. */
import type { Finding, Fix, NotRead, Severity } from "../../../../netns/index.ts";
import { wrap } from "../paragraph.ts";
import type { Ink, Paint } from "./paint.ts";

/** Lines of evidence that are shown; the whole is in `--json`. */
const MOST_EVIDENCE = 6;
const INKS: Readonly<Record<Severity, Ink>> = { error: "red", warning: "yellow", note: "bold" };

/** The first in full, the others in two lines each: one screen. */
export function findingsText(findings: readonly Finding[], paint: Paint): string {
  const [first, ...others] = findings;
  if (first === undefined) return "";
  const also = others.length === 0 ? "" : `\nAlso\n${others.map((finding) => shortText(finding, paint)).join("")}`;
  return `${fullText(first, paint)}${also}`;
}

/** What was left out, and why. */
export const notCheckedText = ({ what, why }: NotRead): string => wrap(`not checked: ${what} (${why})`);

/** @param withTitle false where the title stands above already */
export function fullText(finding: Finding, paint: Paint, withTitle = false): string {
  const { code, severity, object, title, explanation, evidence, confidence, fix } = finding;
  // What was read from the state alone is plain enough; only a guess has to be called one.
  const sure = withTitle && confidence !== "possible" ? "" : `  (${confidence})`;
  const head = `${paint(INKS[severity], `${code} ${severity}`)}  ${object}${sure}\n`;
  return [
    head,
    withTitle ? wrap(title, "  ") : "",
    wrap(explanation, "  "),
    evidence.length === 0 ? "" : "\n  Evidence\n",
    ...evidence.slice(0, MOST_EVIDENCE).map(evidenceText),
    evidence.length > MOST_EVIDENCE ? `    and ${evidence.length - MOST_EVIDENCE} more: --json\n` : "",
    fix === undefined ? "" : `\n  What helps\n${fixText(fix, severity)}`,
  ].join("");
}

export function shortText({ code, severity, object, title, fix }: Finding, paint: Paint): string {
  const [command] = fix?.commands ?? [];
  const way = command === undefined ? "" : `      $ ${shellLine(command)}\n`;
  return `  ${paint(INKS[severity], `${code} ${severity}`)}  ${object}\n${wrap(title, "    ")}${way}`;
}

function evidenceText({ source, value, expected }: Finding["evidence"][number]): string {
  const wanted = expected === undefined ? "" : `   (expected: ${expected})`;
  return wrap(`${source}: ${value}${wanted}`, "    ");
}

function fixText({ text, commands, action }: Fix, severity: Severity): string {
  const lines = commands.map((command) => `      $ ${shellLine(command)}\n`);
  return `${wrap(text, "    ")}${lines.join("")}${whoDoesIt(action !== undefined, severity)}`;
}

/** What is as it should be is nobody's to mend. */
function whoDoesIt(isOurs: boolean, severity: Severity): string {
  if (severity === "note") return "";
  return isOurs ? "    --fix does it.\n" : "    This is for you to do: --fix leaves it alone.\n";
}

/** To be pasted into a shell. What has a substitution in it is left for the shell to do. */
export const shellLine = (argv: readonly string[]): string => argv.map(quoted).join(" ");

function quoted(word: string): string {
  if (/^[\w@%+=:,./[\]-]+$/.test(word) && !/[[\]]/.test(word)) return word;
  if (/^\$\(.*\)$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
