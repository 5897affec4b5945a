import type { GrantRow } from "../client/network-types.ts";
import { defineCommand } from "../command.ts";
import { grantRequest, grantText, portOption } from "../network/grants.ts";

export const command = defineCommand({
  summary: "Let two networks or containers reach each other, or only one port",
  usage: "[OPTIONS] A B",
  operands: [2, 2],
  alsoKnownAs: ["net allow", "network allow"],
  options: { port: portOption() },
  examples: [
    "ctr net allow front back                    # both may open connections to each other",
    "ctr net allow front db --port 5432          # only to this port of db",
    "ctr net allow container:web network:back    # where a network has the container's name, too",
  ],
  async run({ values, operands: [from = "", to = ""] }, { client }) {
    const grant = await client.post<GrantRow>("/ctr/networks/grants", { body: grantRequest(from, to, values.port) });
    process.stdout.write(`${grantText(grant)}\n`);
  },
});
