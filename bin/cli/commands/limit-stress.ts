import { writeFileSync } from "node:fs";
import { messageOf } from "../../../lib/errors.ts";
import { single, text } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { CliError, ExitCode } from "../errors.ts";
import { PROFILES } from "../stress/profiles/index.ts";
import { headText, reportText } from "../stress/report/text.ts";
import { runProfile } from "../stress/run-profile.ts";
import { LoadSession } from "../stress/session.ts";
import { parseTime } from "../stress/time.ts";
import { OUTCOME_HEAD, outcomeLine } from "../stress/verify-report.ts";

const NAMES = Object.keys(PROFILES);

export const command = defineCommand({
  summary: "Put a host's limits under load, and report how they hold and what it does to others",
  usage: "[OPTIONS] PROFILE",
  operands: [1, 1],
  options: {
    format: single({ value: "string", help: "text, or json: the whole report (default text)", parse: parseFormat }),
    svg: text({ value: "file", help: "Draw the report as well" }),
    time: single({ value: "duration", help: "How long there is load (default 20s)", parse: parseTime }),
  },
  examples: [
    ...NAMES.slice(0, 4).map((name) => `ctr limit stress ${name}`),
    ...NAMES.slice(4).map((name) => `ctr limit stress ${name} --time 10s --svg ${name}.svg`),
  ],
  async run({ values, operands: [name = ""] }, { client }) {
    const { format = "text", svg, time: seconds = 20 } = values;
    const load = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
    if (load === undefined)
      throw new CliError(`there is no profile "${name}"; choose one of ${NAMES.join(", ")}`, ExitCode.notRun);
    const isText = format === "text";
    const show = (words: string): void => void (isText && process.stdout.write(words));
    // What cannot be written is told before the load, not after it.
    if (svg !== undefined) writeDrawing(svg, "");
    await using session = await LoadSession.open(client, (line) => console.error(line));
    const report = await runProfile(session, {
      ...{ name, profile: await load(), seconds },
      begin: (head) => show(`${headText(head)}\n${OUTCOME_HEAD}`),
      tell: (outcome) => show(outcomeLine(outcome)),
    });
    show(reportText(report));
    if (!isText) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    if (svg !== undefined) writeDrawing(svg, (await import("../stress/report/svg.ts")).reportSvg(report));
    return report.findings.some(({ verdict }) => verdict === "fail") ? ExitCode.failed : 0;
  },
});

function writeDrawing(file: string, drawing: string): void {
  try {
    writeFileSync(file, drawing);
  } catch (error) {
    throw new CliError(`cannot write the drawing: ${messageOf(error)}`);
  }
}

const FORMATS = ["text", "json"] as const;

function parseFormat(value: string): (typeof FORMATS)[number] {
  const format = FORMATS.find((one) => one === value);
  if (format === undefined) throw new Error(`must be one of ${FORMATS.join(", ")}`);
  return format;
}
