import { messageOf } from "../../../lib/errors.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "Rename a container",
  usage: "CONTAINER NEW_NAME",
  operands: [2, 2],
  alsoKnownAs: ["container rename", "rename"],
  options: {},
  examples: ["ctr rename web old-web"],
  async run({ operands: [name = "", newName = ""] }, { client }) {
    try {
      await client.post(`/containers/${encodeURIComponent(name)}/rename`, { query: { name: newName } });
    } catch (error) {
      throw new CliError(`${messageOf(error)}\nError: failed to rename container named ${name}`);
    }
  },
});
