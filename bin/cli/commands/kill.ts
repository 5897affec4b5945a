import { text } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { forEachName } from "../each.ts";

export const command = defineCommand({
  summary: "Kill one or more running containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container kill", "kill"],
  options: { signal: text({ short: "s", help: "Signal to send (default KILL)" }) },
  examples: ["ctr kill web", "ctr kill -s HUP web   # reload"],
  run: ({ values, operands }, { client }) =>
    forEachName(operands, (name) =>
      client.post(`/containers/${encodeURIComponent(name)}/kill`, { query: { signal: values.signal } }),
    ),
});
