import type { Cause, FlowContext } from "../../types/index.ts";
import { byHand, repaired } from "../fixes.ts";
import { found } from "../found.ts";
import { elementsOfPort, portsOfNumber, servesFlow, strandedOnHost } from "./published.ts";

export const publishedElsewhere: Cause = {
  code: "CTRN208",
  severity: "error",
  heading: "The port is published on another address of the host",

  explain: (context) =>
    strandedOnHost(context).flatMap((obstacle) => {
      const details = caseOfKernel(context) ?? caseOfStore(context);
      return details === undefined ? [] : found(publishedElsewhere, obstacle, details);
    }),
};

/** The store publishes it where the flow goes; our table has it for another address. */
function caseOfKernel(context: FlowContext) {
  const { view, flow } = context;
  const owned = portsOfNumber(context).find((port) => servesFlow(port, context));
  const elements = elementsOfPort(view, flow.family, flow.protocol, flow.destinationPort);
  const [element] = elements.filter(({ address }) => address !== "" && address !== flow.destination);
  if (owned === undefined || element === undefined || elements.some(({ address }) => address === "")) return undefined;
  const name = `${flow.destinationPort}/${flow.protocol}`;
  return {
    object: `port ${name} of container ${owned.container.name}`,
    title: `Port ${name} is passed on only when it comes to ${element.address}, not to ${flow.destination}.`,
    explanation: "Somebody has changed the entry in ctr's table: the port was published for more than that address.",
    evidence: [
      {
        source: `nft list map inet ctr ${element.collection}`,
        value: `${element.key} : ${element.value}`,
        expected: owned.port.hostIp,
      },
    ],
    fix: repaired("Writes all rules of ctr again."),
  };
}

/** Published by the user for another address of the same family. */
function caseOfStore(context: FlowContext) {
  const { flow } = context;
  const ports = portsOfNumber(context);
  if (ports.some((port) => servesFlow(port, context))) return undefined;
  const owned = ports.find(({ port }) => port.hostIp.includes(":") === (flow.family === 6));
  if (owned === undefined) return undefined;
  const { container, port } = owned;
  const name = `${port.hostPort}/${port.protocol}`;
  const isLocal = port.hostIp.startsWith("127.") || port.hostIp === "::1";
  return {
    object: `port ${name} of container ${container.name}`,
    title: `Port ${name} of ${container.name} is published on ${port.hostIp} only${isLocal ? ", for programs of this host" : ""}; ${flow.destination} is another address.`,
    explanation: "Nobody takes packets for that port at the address that was asked for, so the host refuses them.",
    evidence: [
      {
        source: `ctr port ${container.name}`,
        value: `${port.containerPort}/${port.protocol} -> ${port.hostIp}:${port.hostPort}`,
      },
    ],
    fix: byHand("Publish it on the address that is meant, or on all of them.", [
      ...["ctr", "net", "publish", container.name],
      `${flow.destination.includes(":") ? `[${flow.destination}]` : flow.destination}:${port.hostPort}:${port.containerPort}/${port.protocol}`,
    ]),
  };
}
