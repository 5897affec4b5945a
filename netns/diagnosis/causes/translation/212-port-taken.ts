import { type OwnedPort, publishedPorts } from "../../intended.ts";
import type { Cause, SocketState } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { portsOfNumber, strandedOnHost } from "./published.ts";

/** ctr's companion listens on some ports. */
const COMPANION = "ctr-dataplane";
/** The engine holds ports of UDP with sockets that nobody reads; those of TCP do not listen. */
const ENGINE = /^(ctrd|node|(node-)?MainThread)$/;

export const portTaken: Cause = {
  code: "CTRN212",
  severity: "warning",
  heading: "A program of the host listens on a published port",

  inspect: ({ snapshot, view }) =>
    publishedPorts(snapshot).flatMap((owned) => {
      const socket = view.host.sockets.find((one) => isInTheWay(one, owned));
      return socket === undefined ? [] : found(portTaken, undefined, caseOf(owned, socket));
    }),

  explain: (context) =>
    strandedOnHost(context).flatMap((obstacle) =>
      portsOfNumber(context).flatMap((owned) => {
        const socket = context.view.host.sockets.find((one) => isInTheWay(one, owned));
        return socket === undefined ? [] : found(portTaken, obstacle, { ...caseOf(owned, socket), severity: "error" });
      }),
    ),
};

/** Who cannot be named may be ours. */
function isInTheWay({ protocol, family, state, address, port, process }: SocketState, owned: OwnedPort): boolean {
  const { port: published } = owned;
  if (protocol !== published.protocol || port !== published.hostPort || process === undefined) return false;
  if (process.name === COMPANION || (protocol === "udp" ? ENGINE.test(process.name) : state !== "listen")) return false;
  const isEverywhere = (one: string): boolean => one === "0.0.0.0" || one === "::";
  const sameFamily = (family === 6) === published.hostIp.includes(":") || address === "::";
  return sameFamily && (isEverywhere(address) || isEverywhere(published.hostIp) || address === published.hostIp);
}

function caseOf({ container, port }: OwnedPort, { process, address }: SocketState) {
  const name = `${port.hostPort}/${port.protocol}`;
  const who = `${process?.name} (process ${process?.pid})`;
  return {
    object: `port ${name} of container ${container.name}`,
    title: `The program ${who} listens on the host's port ${name}, which is published for the container ${container.name}.`,
    explanation:
      "Two want the same port: clients get the container's service, or that program's, depending on the way they come. The " +
      "program took the port while ctr did not hold it.",
    evidence: [{ source: `ss -lnp 'sport = :${port.hostPort}'`, value: `${address}:${port.hostPort} ${who}` }],
    fix: byHand(
      "Stop that program, or publish the container on another port.",
      ["ctr", "net", "unpublish", container.name, `${port.hostPort}:${port.containerPort}/${port.protocol}`],
      [...["ctr", "net", "publish", container.name, `0:${port.containerPort}/${port.protocol}`]],
    ),
  };
}
