import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  summary: "Disconnect a container from a network, also one that runs",
  usage: "[OPTIONS] NETWORK CONTAINER",
  operands: [2, 2],
  alsoKnownAs: ["net disconnect", "network disconnect"],
  options: { force: toggle({ short: "f", help: "Also when the container is gone" }) },
  examples: ["ctr net disconnect front web"],
  async run({ values, operands: [network = "", container = ""] }, { client }) {
    await client.post(`/networks/${encodeURIComponent(network)}/disconnect`, {
      body: { Container: container, Force: values.force },
    });
  },
});
