import { defineCommand } from "../command.ts";
import { forEachName } from "../each.ts";

export const command = defineCommand({
  summary: "Unpause all processes within one or more containers",
  usage: "CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container unpause", "unpause"],
  options: {},
  examples: ["ctr unpause web", "ctr unpause $(ctr ps -q -f status=paused)   # all of them"],
  run: ({ operands }, { client }) =>
    forEachName(operands, (name) => client.post(`/containers/${encodeURIComponent(name)}/unpause`)),
});
