/** Advice as people read it: what is proposed, why, and how it is put in force. */
import { formatLimit } from "../../../cgroups/index.ts";
import type { ContainerAdvice } from "../../../runtime/index.ts";
import { wrap } from "./paragraph.ts";

export function adviceText({ name, seconds, samples, ended, proposals, command }: ContainerAdvice): string {
  const recorded = `recorded for ${Math.round(seconds)} s, ${samples} samples${ended ? "; then it ended" : ""}`;
  if (proposals.length === 0) return `${name}: its limits fit (${recorded}).\n`;
  return [
    `${name}: ${recorded}\n`,
    ...proposals.map((proposal) => proposalText(proposal)),
    proposals.some(({ confidence }) => confidence === "low") ? `\n${wrap(TOO_SHORT)}` : "",
    command === undefined ? "" : `\nPut this in force:\n  ${command}\n`,
  ].join("");
}

const TOO_SHORT =
  "This was too short to rely on: record it for at least 5 minutes of its usual and of its hardest work (--for 10m).";

function proposalText({ flag, text, limit, present, reasons }: ContainerAdvice["proposals"][number]): string {
  const now = present === undefined ? "no limit" : formatLimit(limit, present);
  return `\n  ${flag} ${text}   (now ${now})\n${wrap(reasons.join(" "), "    ")}`;
}
