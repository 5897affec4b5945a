import { defineCommand } from "../command.ts";
import { grantRequest, portOption } from "../network/grants.ts";

export const command = defineCommand({
  summary: "Take back what net allow has opened",
  usage: "[OPTIONS] A B",
  operands: [2, 2],
  alsoKnownAs: ["net deny", "network deny"],
  options: { port: portOption() },
  examples: ["ctr net deny front back", "ctr net deny front db --port 5432"],
  async run({ values, operands: [from = "", to = ""] }, { client }) {
    await client.json("DELETE", "/ctr/networks/grants", { body: grantRequest(from, to, values.port) });
  },
});
