import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { forEachName } from "../each.ts";

export const command = defineCommand({
  summary: "Remove one or more volumes that no container has",
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["volume rm", "volume remove"],
  options: { force: toggle({ short: "f", help: "Do not error if the volume does not exist" }) },
  examples: ["ctr volume rm data"],
  run: ({ values, operands }, { client }) =>
    forEachName(operands, (name) =>
      client.json("DELETE", `/volumes/${encodeURIComponent(name)}`, { query: { force: values.force ? 1 : undefined } }),
    ),
});
