import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { forEachName } from "../each.ts";

export const command = defineCommand({
  summary: "Remove one or more containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container rm", "container remove", "rm"],
  options: {
    force: toggle({ short: "f", help: "Kill it first when it runs" }),
    volumes: toggle({ short: "v", help: "Remove its anonymous volumes, too" }),
  },
  examples: ["ctr rm old", "ctr rm -f web", "ctr rm -f $(ctr ps -aq)   # all of them"],
  run: ({ values, operands }, { client }) =>
    forEachName(operands, (name) =>
      client.json("DELETE", `/containers/${encodeURIComponent(name.replace(/^\/+/, ""))}`, {
        query: { force: values.force ? 1 : undefined, v: values.volumes ? 1 : undefined },
      }),
    ),
});
