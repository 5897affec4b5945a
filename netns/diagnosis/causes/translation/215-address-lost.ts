import type { OwnedPort } from "../../intended.ts";
import { publishedPorts } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { isOfHost } from "./published.ts";

export const addressLost: Cause = {
  code: "CTRN215",
  severity: "error",
  heading: "A port is published on an address that the host does not have",

  inspect: ({ snapshot, view }) =>
    publishedPorts(snapshot)
      .filter(({ port }) => isLost(view, port.hostIp))
      .map((owned) => found(addressLost, undefined, { ...caseOf(owned), severity: "warning" })),

  explain: (context) => {
    const { snapshot, view, flow } = context;
    const [obstacle] = obstaclesOf(context);
    if (obstacle === undefined || !isLost(view, flow.destination)) return [];
    const owned = publishedPorts(snapshot).find(
      ({ port }) =>
        port.hostIp === flow.destination && port.hostPort === flow.destinationPort && port.protocol === flow.protocol,
    );
    return owned === undefined ? [] : [found(addressLost, obstacle, { ...caseOf(owned), severity: "error" })];
  },
};

const isLost = (view: SnapshotView, address: string): boolean =>
  address !== "" && address !== "0.0.0.0" && address !== "::" && !isOfHost(view, address);

function caseOf({ container, port }: OwnedPort): Case {
  const name = `${port.hostPort}/${port.protocol}`;
  return {
    object: `port ${name} of container ${container.name}, address ${port.hostIp}`,
    title: `Port ${name} of ${container.name} is published on ${port.hostIp}, an address that the host does not have (any more).`,
    explanation:
      "Packets for that address do not come here, or are sent on. The host had it when the container was started: it has moved to another " +
      "machine since (keepalived), was given anew by DHCP, or its link went down.",
    evidence: [
      { source: `ip address show to ${port.hostIp}`, value: "no link of the host", expected: port.hostIp },
      {
        source: `ctr port ${container.name}`,
        value: `${port.containerPort}/${port.protocol} -> ${port.hostIp}:${port.hostPort}`,
      },
    ],
    fix: byHand("Give the host the address back, or publish the port on another one, or on all.", [
      "ctr",
      "net",
      "publish",
      container.name,
      `${port.hostPort}:${port.containerPort}/${port.protocol}`,
    ]),
  };
}
