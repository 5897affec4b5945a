import { list } from "../../flags/options.ts";
import type { PortChange } from "../client/network-types.ts";
import { defineCommand } from "../command.ts";
import { portBindings } from "../container/ports.ts";
import { portsOf, showChange } from "../network/ports.ts";

export const command = defineCommand({
  summary: "Publish further ports of a container, running or not",
  usage: "[OPTIONS] CONTAINER [PORT...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["net publish", "network publish"],
  options: {
    publish: list({
      short: "p",
      help: "Port to publish: [[hostIp:]hostPort:]containerPort[/udp|/sctp]; PORT says the same",
    }),
  },
  examples: [
    "ctr net publish web 8080:80",
    "ctr net publish web -p 127.0.0.1:8443:443 -p 5353:53/udp",
    "ctr net publish web published=8080,target=80,policy=loopback",
  ],
  async run({ values, operands: [name = "", ...operands] }, { client }) {
    const specs = portsOf([...operands, ...values.publish], "ctr net publish web 8080:80");
    const change = await client.post<PortChange>(`/ctr/containers/${encodeURIComponent(name)}/publish`, {
      body: { PortBindings: portBindings(specs) },
    });
    await showChange(change, client, name);
  },
});
