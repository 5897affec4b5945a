/** What the doctor says, as people read it: what is wrong first, then what was looked at. */
import type { DoctorReport } from "../../../../netns/index.ts";
import { wrap } from "../paragraph.ts";
import { fullText, notCheckedText, shortText } from "./findings.ts";
import type { Paint } from "./paint.ts";

/** Findings that are shown in full; more would hide the first. */
const MOST_FULL = 3;

export function doctorText(report: DoctorReport, paint: Paint): string {
  const { findings, flows, notChecked, fixes = [] } = report;
  const serious = findings.filter(({ severity }) => severity !== "note");
  const notes = findings.filter(({ severity }) => severity === "note");
  return [
    `${headline(report, paint)}\n`,
    serious.length === 0 ? "" : "\n",
    serious
      .slice(0, MOST_FULL)
      .map((finding) => fullText(finding, paint, true))
      .join("\n"),
    serious.length <= MOST_FULL
      ? ""
      : `\nAlso\n${serious
          .slice(MOST_FULL)
          .map((one) => shortText(one, paint))
          .join("")}`,
    notes.length === 0 ? "" : `\nTo know\n${notes.map((one) => shortText(one, paint)).join("")}`,
    flows.length === 0 ? "" : `\n${flows.map(flowLine).join("")}`,
    `\n${scopesText(report)}`,
    ...fixes.map(({ code, object, error }) =>
      wrap(error === undefined ? `mended: ${code} ${object}` : `could not be mended: ${code} ${object}: ${error}`),
    ),
    ...notChecked.map(notCheckedText),
  ].join("");
}

function headline({ findings, milliseconds }: DoctorReport, paint: Paint): string {
  const count = (severity: string): number => findings.filter((one) => one.severity === severity).length;
  const [errors, warnings] = [count("error"), count("warning")];
  const time = `   ${(milliseconds / 1000).toFixed(1)} s`;
  if (errors + warnings === 0) return `${paint("green", "HEALTHY")}  nothing is wrong with the network${time}`;
  const words = [plural(errors, "error"), plural(warnings, "warning")].filter((text) => text !== "").join(", ");
  return errors > 0
    ? `${paint("red", "UNHEALTHY")}  ${words}${time}`
    : `${paint("yellow", "HEALTHY")}  ${words}${time}`;
}

const plural = (count: number, word: string): string =>
  count === 0 ? "" : `${count} ${word}${count === 1 ? "" : "s"}`;

const flowLine = ({ result, flow, findings }: DoctorReport["flows"][number]): string =>
  wrap(`${result}  ${flow.fromText} → ${flow.toText}${findings[0] === undefined ? "" : `   ${findings[0].code}`}`);

/** What was looked for, and where there was none of it. */
function scopesText({ scopes }: DoctorReport): string {
  const [first] = scopes;
  if (first === undefined) return "";
  const bad = scopes.filter(({ findings }) => findings > 0);
  const good = scopes.filter(({ findings }) => findings === 0);
  return [
    wrap(`Looked for ${first.checks} known causes of trouble.`),
    bad.length === 0 ? "" : wrap(`Found in: ${bad.map(({ name, findings }) => `${name} (${findings})`).join(", ")}`),
    good.length === 0 ? "" : wrap(`All well:  ${good.map(({ name }) => name).join(", ")}`),
  ].join("");
}
