import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { DiagnosisExit } from "../diagnosis/exit-codes.ts";
import { JSON_OPTIONS, secondsOption } from "../diagnosis/options.ts";
import { eventsFor } from "../diagnosis/session.ts";
import { countersText, dropHeading, dropLine } from "../format/diagnosis/drops.ts";

/** Seconds. */
const USUAL_TIME = 5;

export const command = defineCommand({
  summary: "Show packets that the kernel throws away, and why",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net drops", "network drops"],
  usageExitCode: DiagnosisExit.usage,
  options: {
    all: toggle({
      short: "a",
      help: "Also those in other networks of this machine than the host's and the containers'",
    }),
    container: text({ help: "Only those of this container" }),
    follow: toggle({ short: "f", help: "Go on until Ctrl-C" }),
    for: secondsOption(`How long to look (default ${USUAL_TIME}s)`),
    ndjson: JSON_OPTIONS.ndjson,
  },
  examples: [
    "ctr net drops -f",
    "ctr net drops --for 30s --container web",
    "ctr net drops -f --ndjson | jq .drop.reason",
  ],
  async run({ values }, { client }) {
    const { all, container, follow, ndjson } = values;
    const stop = new AbortController();
    process.once("SIGINT", () => stop.abort());
    const request = {
      kind: "drops" as const,
      ...(container === undefined ? {} : { container }),
      ...(all ? { all } : {}),
      ...(follow ? {} : { seconds: values.for ?? USUAL_TIME }),
    };
    let count = 0;
    for await (const event of eventsFor(client, request, stop.signal)) {
      if (ndjson) process.stdout.write(`${JSON.stringify(event)}\n`);
      if (ndjson) continue;
      if (event.type === "counters") process.stdout.write(countersText(event.counters));
      if (event.type !== "drop") continue;
      if (count++ === 0) process.stdout.write(dropHeading());
      process.stdout.write(dropLine(event.drop));
    }
    if (count === 0 && !ndjson) process.stdout.write("No packet was thrown away.\n");
  },
});
