import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { forEachName, UNPRINTED } from "../each.ts";
import { EngineError } from "../errors.ts";

export const command = defineCommand({
  summary: "Remove one or more networks",
  usage: "NETWORK [NETWORK...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["net rm", "net remove", "network rm", "network remove"],
  options: { force: toggle({ short: "f", help: "Do not error if the network does not exist" }) },
  examples: ["ctr net rm front back"],
  run: ({ values, operands }, { client }) =>
    forEachName(operands, async (name) => {
      try {
        await client.json("DELETE", `/networks/${encodeURIComponent(name)}`);
      } catch (error) {
        const isGone = values.force && error instanceof EngineError && error.status === 404;
        if (!isGone) throw error;
        return UNPRINTED;
      }
      return undefined;
    }),
});
