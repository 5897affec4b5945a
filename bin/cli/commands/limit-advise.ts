import { parseDuration } from "../../../lib/units/duration.ts";
import type { AdviceStep, ContainerAdvice } from "../../../runtime/index.ts";
import { single, text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { defineCommand } from "../command.ts";
import { applyChanges, containerTarget } from "../container/limit-changes.ts";
import { CliError } from "../errors.ts";
import { adviceText } from "../format/advice.ts";

export const command = defineCommand({
  summary: "Record a container while it works, and propose limits that fit it",
  usage: "[OPTIONS] CONTAINER",
  operands: [1, 1],
  options: {
    for: single({ value: "duration", help: "How long it is recorded (default 1m)", parse: parseSeconds }),
    apply: toggle({ help: "Put the proposed limits in force" }),
    format: text({ help: "json: everything that was recorded" }),
  },
  examples: [
    "ctr limit advise web --for 10m    # while it does its usual work",
    "ctr limit advise web --for 10m --apply",
  ],
  async run({ values, operands: [name = ""] }, { client }) {
    const { for: seconds = DEFAULT_SECONDS, apply, format } = values;
    if (format !== undefined && format !== "json") throw new CliError(`unknown format "${format}": there is json`);
    const advice = await record(client, name, seconds);
    process.stdout.write(format === "json" ? `${JSON.stringify(advice)}\n` : adviceText(advice));
    if (!apply || advice.change === undefined) return;
    if (advice.ended) throw new CliError(`container ${name} has ended: its limits were left as they are`);
    if (format === undefined) process.stdout.write("\n");
    await applyChanges(client, [containerTarget(name)], advice.change, { format, verbose: false });
  },
});

const DEFAULT_SECONDS = 60;

/** With its progress on a terminal. */
async function record(client: Client, name: string, seconds: number): Promise<ContainerAdvice> {
  const steps = client.events<AdviceStep | { readonly error: string }>(
    "GET",
    `/ctr/containers/${encodeURIComponent(name)}/advice`,
    {
      query: { seconds },
    },
  );
  const shows = process.stderr.isTTY === true;
  for await (const step of steps) {
    if (shows) process.stderr.write(CLEAR_LINE);
    if ("error" in step) throw new CliError(step.error);
    if ("advice" in step) return step.advice;
    if (shows) process.stderr.write(`Recording ${name}: ${Math.round(step.progress.seconds)} of ${seconds} s`);
  }
  throw new CliError("the engine ended before the advice was complete");
}

const CLEAR_LINE = "\r\x1b[K";

/** Whole seconds. */
function parseSeconds(value: string): number {
  const seconds = Math.round(parseDuration(value) / 1000);
  if (seconds < 1) throw new Error("must be at least 1s");
  return seconds;
}
