import { list } from "../../flags/options.ts";
import type { PortChange } from "../client/network-types.ts";
import { defineCommand } from "../command.ts";
import { portsOf, showChange, unpublishedPort } from "../network/ports.ts";

export const command = defineCommand({
  summary: "Give up published ports of a container, running or not",
  usage: "[OPTIONS] CONTAINER [PORT...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["net unpublish", "network unpublish"],
  options: {
    publish: list({
      short: "p",
      help: "Port to give up: the container's for all that it is published on, or [hostIp:]hostPort:containerPort; PORT says the same",
    }),
  },
  examples: ["ctr net unpublish web 80", "ctr net unpublish web 8080:80 5353:53/udp"],
  async run({ values, operands: [name = "", ...operands] }, { client }) {
    const specs = portsOf([...operands, ...values.publish], "ctr net unpublish web 80");
    const change = await client.post<PortChange>(`/ctr/containers/${encodeURIComponent(name)}/unpublish`, {
      body: { Ports: specs.map(unpublishedPort) },
    });
    await showChange(change, client, name);
  },
});
