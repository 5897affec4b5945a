import { single, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";
import { parseRate } from "../network/rate.ts";

export const command = defineCommand({
  summary: "Limit the bandwidth of a running container",
  usage: "[OPTIONS] CONTAINER",
  operands: [1, 1],
  alsoKnownAs: ["net shape", "network shape"],
  options: {
    rate: single({
      short: "r",
      value: "rate",
      help: "Bits per second: 10mbit, 500kbit, 1.5gbit; none for no limit",
      parse: parseRate,
    }),
    ingress: toggle({ help: "What the container receives, instead of what it sends" }),
  },
  examples: [
    "ctr net shape web --rate 10mbit             # what it sends",
    "ctr net shape web --rate 50mbit --ingress   # what it receives",
    "ctr net shape web --rate none               # no limit any more",
  ],
  async run({ values, operands: [name = ""] }, { client }) {
    if (values.rate === undefined) throw new CliError("no rate is given\nGive one: ctr net shape web --rate 10mbit");
    await client.post(`/ctr/containers/${encodeURIComponent(name)}/shape`, {
      body: values.ingress ? { IngressRate: values.rate } : { Rate: values.rate },
    });
  },
});
