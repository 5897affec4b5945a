import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { portsOfNumber, servesFlow, strandedOnHost } from "./published.ts";

export const publishedForIpv4Only: Cause = {
  code: "CTRN213",
  severity: "error",
  heading: "The port is published for IPv4 only",

  explain: (context) =>
    strandedOnHost(context).flatMap((obstacle) => {
      const { flow } = context;
      const ports = portsOfNumber(context);
      const [owned] = ports.filter(({ port }) => !port.hostIp.includes(":"));
      const isWanted = ports.some(
        (port) => servesFlow(port, context) && (port.redirected !== undefined || port.proxied),
      );
      if (flow.family !== 6 || owned === undefined || isWanted) return [];
      // Another IPv6 address of the host has it: CTRN208.
      if (ports.some(({ port }) => port.hostIp.includes(":") && port.hostIp !== "::")) return [];
      const { container, port } = owned;
      const name = `${port.hostPort}/${port.protocol}`;
      return found(publishedForIpv4Only, obstacle, {
        object: `port ${name} of container ${container.name}`,
        title: `Port ${name} of ${container.name} is open over IPv4; over IPv6 nobody takes it.`,
        explanation:
          "The client has an IPv6 address of the host, often from the name localhost or a DNS record. The container's network " +
          "has no IPv6, or the port was published on an IPv4 address.",
        evidence: [
          {
            source: `ctr port ${container.name}`,
            value: `${port.containerPort}/${port.protocol} -> ${port.hostIp}:${port.hostPort}`,
          },
        ],
        fix: byHand("Publish it for IPv6 too, or let the client use the IPv4 address.", [
          ...["ctr", "net", "publish", container.name, `[::]:${port.hostPort}:${port.containerPort}/${port.protocol}`],
        ]),
      });
    }),
};
