import { defineCommand } from "../command.ts";
import { forEachName } from "../each.ts";

export const command = defineCommand({
  summary: "Pause all processes within one or more containers",
  usage: "CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container pause", "pause"],
  options: {},
  examples: ["ctr pause web   # keeps its memory and its connections, gets no time"],
  run: ({ operands }, { client }) =>
    forEachName(operands, (name) => client.post(`/containers/${encodeURIComponent(name)}/pause`)),
});
