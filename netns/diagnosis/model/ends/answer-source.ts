/** From which of its addresses a program answers datagrams. */
import type { SocketState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import { chooseSource } from "../fib/source-address.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, protocolName } from "../packet.ts";
import { suspect, type Trip } from "../trip.ts";

/**
 * A socket that is bound to all addresses sends with the one that the kernel chooses for the way to the client, unless the
 * program says which one was asked (IP_PKTINFO, see ip(7)): a client that waits for an answer of the other one hears nothing.
 * To be called with the answer about to be sent.
 */
export function checkAnswerSource(trip: Trip, namespace: NamespaceModel, socket: SocketState | undefined): void {
  const { packet } = trip;
  if (socket === undefined || socket.protocol !== "udp" || !isWildcard(socket)) return;
  const { family, source: asked, destination: client, sourcePort: port } = packet;
  const route = namespace.fib.look({ family, destination: client, inputDevice: "lo" });
  const chosen = chooseSource(namespace, family, client, route);
  if (chosen === undefined || chosen === asked || route.kind === "local") return;
  const [address, expected] = [addressText(family, chosen), addressText(family, asked)];
  const { key: place } = namespace;
  const name = socket.process?.name ?? "the program";
  suspect(
    trip,
    {
      place,
      stage: "socket",
      text: `${name} answers from ${address}, where ${expected} was asked, unless it takes care of that itself`,
      evidence: [`ip route get ${addressText(family, client)}: src ${address}`],
      death: death("answer-source", { place, port, protocol: protocolName(packet.protocol), address, expected }),
    },
    `from which address ${name} answers`,
  );
}

const isWildcard = ({ address }: SocketState): boolean => ["0.0.0.0", "::", "*"].includes(address);
