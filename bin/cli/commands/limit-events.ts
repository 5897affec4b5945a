import type { LimitEvent } from "../../../runtime/index.ts";
import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { limitEventLine } from "../format/limit-events.ts";
import { compileTemplate } from "../format/template/evaluate.ts";
import { timestampOf } from "../timestamp.ts";

export const command = defineCommand({
  summary: "Show when limits acted: kills for lack of memory, refused processes, throttling, pressure",
  usage: "[OPTIONS] [CONTAINER...]",
  operands: [0, Number.POSITIVE_INFINITY],
  options: {
    follow: toggle({ short: "f", help: "Go on, and show events as they happen" }),
    format: text({ help: "json (a line an event), or a Go template: '{{.name}} {{.type}}'" }),
    since: text({ help: "Only what has happened since then: a time, or 10m" }),
  },
  examples: [
    "ctr limit events                # the last thousand since the engine was started",
    "ctr limit events -f web",
    "ctr limit events --since 1h --format json",
  ],
  async run({ values, operands }, { client }) {
    const show = eventFormat(values.format);
    const events = client.events<LimitEvent>("GET", "/ctr/limits/events", {
      query: {
        container: operands,
        follow: values.follow ? 1 : undefined,
        since: values.since === undefined ? undefined : timestampOf(values.since, "since"),
      },
    });
    for await (const event of events) process.stdout.write(`${show(event)}\n`);
  },
});

function eventFormat(format: string | undefined): (event: LimitEvent) => string {
  if (format === undefined || format === "") return limitEventLine;
  return format === "json" ? JSON.stringify : compileTemplate(format);
}
