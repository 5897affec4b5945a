import { defineCommand } from "../command.ts";
import { forEachName } from "../each.ts";
import { STOP_OPTIONS } from "./stop.ts";

export const command = defineCommand({
  summary: "Restart one or more containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container restart", "restart"],
  options: STOP_OPTIONS,
  examples: ["ctr restart web", "ctr restart -t 0 web   # kill it at once"],
  run: ({ values, operands }, { client }) =>
    forEachName(operands, (name) =>
      client.post(`/containers/${encodeURIComponent(name)}/restart`, {
        query: { t: values.timeout, signal: values.signal },
      }),
    ),
});
