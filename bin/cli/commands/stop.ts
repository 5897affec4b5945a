import { integer, text } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { forEachName } from "../each.ts";

export const STOP_OPTIONS = {
  signal: text({ short: "s", help: "Signal to send" }),
  timeout: integer({ short: "t", aliases: ["time"], help: "Seconds to wait before it is killed; -1 for ever" }),
};

export const command = defineCommand({
  summary: "Stop one or more running containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container stop", "stop"],
  options: STOP_OPTIONS,
  examples: ["ctr stop web", "ctr stop -t 30 db   # half a minute to end by itself"],
  run: ({ values, operands }, { client }) =>
    forEachName(operands, (name) =>
      client.post(`/containers/${encodeURIComponent(name)}/stop`, {
        query: { t: values.timeout, signal: values.signal },
      }),
    ),
});
