/** Who takes the packet in the namespace that it was for: the look-up of sockets, and what keeps a program from answering. */

import type { SocketState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, isIcmp, type Packet, protocolName } from "../packet.ts";
import { end, note, type Trip } from "../trip.ts";
import { findTrouble } from "./program.ts";

/** @returns the socket; undefined when there is none, and for what the kernel answers itself */
export function deliver(trip: Trip, namespace: NamespaceModel, input: string | undefined): SocketState | undefined {
  if (isIcmp(trip.packet)) {
    answerItself(trip, namespace);
    return undefined;
  }
  const socket = findSocket(namespace, trip.packet, input);
  if (socket === undefined) {
    endWithout(trip, namespace);
    return undefined;
  }
  note(trip, {
    place: namespace.key,
    stage: "socket",
    text: `${nameOf(socket)} listens on ${ends(socket)}/${socket.protocol}`,
    evidence: [`ss -ln: ${ends(socket)}`],
  });
  checkQueue(trip, namespace, socket);
  findTrouble(trip, namespace, socket);
  return socket;
}

/**
 * One that is bound to the address goes before one that is bound to all.
 * @param input link that the packet came by
 */
export function findSocket(
  namespace: NamespaceModel,
  packet: Packet,
  input: string | undefined,
): SocketState | undefined {
  const { family, destination, destinationPort, protocol } = packet;
  const address = addressText(family, destination);
  const sockets = namespace
    .sockets(protocolName(protocol), destinationPort)
    .filter(({ device }) => device === undefined || input === undefined || device === input);
  return (
    sockets.find((socket) => withoutMapping(socket.address) === address) ??
    sockets.find((socket) => socket.family === family && isWildcard(socket)) ??
    sockets.find((socket) => family === 4 && socket.family === 6 && isWildcard(socket) && socket.v6Only !== true)
  );
}

const isWildcard = ({ address }: SocketState): boolean => address === "0.0.0.0" || address === "::" || address === "*";

/** A socket of IPv6 may be bound to an IPv4 address: `::ffff:192.0.2.1`. */
const withoutMapping = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, "");

const ends = (socket: SocketState): string =>
  socket.family === 6 ? `[${boundTo(socket)}]:${socket.port}` : `${boundTo(socket)}:${socket.port}`;

/** As ss writes it: `0.0.0.0%eth0`. */
const boundTo = ({ address, device }: SocketState): string => (device === undefined ? address : `${address}%${device}`);

const nameOf = ({ process }: SocketState): string =>
  process === undefined ? "a socket" : `${process.name} (${process.pid})`;

/** Echo requests. */
function answerItself(trip: Trip, namespace: NamespaceModel): void {
  const { key: place } = namespace;
  const key = trip.packet.family === 4 ? "net.ipv4.icmp_echo_ignore_all" : "net.ipv6.icmp.echo_ignore_all";
  if (namespace.sysctl(key) !== 1) {
    note(trip, { place, stage: "socket", text: `the kernel of ${trip.world.view.nameOf(place)} answers pings` });
    return;
  }
  end(trip, {
    place,
    stage: "socket",
    text: "pings are not answered here",
    evidence: [`sysctl ${key} = 1`],
    death: death("no-listener", { place, port: 0, protocol: "icmp", key }, "silence"),
  });
}

function endWithout(trip: Trip, namespace: NamespaceModel): void {
  const { packet } = trip;
  const { key: place } = namespace;
  const { destinationPort: port } = packet;
  const protocol = protocolName(packet.protocol);
  const isUnread = trip.world.view.snapshot.notRead.some(
    (missing) => missing.place === place && missing.what.startsWith("sockets"),
  );
  if (isUnread) {
    trip.journey.doubt(`whether anybody listens on port ${port} in ${place}`);
    return;
  }
  const [elsewhere] = namespace.sockets(protocol, port);
  const asked = `${addressText(packet.family, packet.destination)} port ${port}/${protocol}`;
  const text =
    elsewhere === undefined
      ? `nobody listens on port ${port}/${protocol} in ${trip.world.view.nameOf(place)}`
      : `${nameOf(elsewhere)} listens on ${boundTo(elsewhere)} alone, not on ${asked}`;
  const facts = { place, port, protocol };
  end(trip, {
    place,
    stage: "socket",
    text,
    evidence: [elsewhere === undefined ? "ss -ln: none" : `ss -ln: ${ends(elsewhere)}`],
    verdict: "reject",
    death:
      elsewhere === undefined
        ? death("no-listener", facts)
        : death("listener-elsewhere", {
            ...facts,
            boundTo: elsewhere.address,
            boundDevice: elsewhere.device,
            process: elsewhere.process?.name,
          }),
  });
}

/** sk_acceptq_is_full: more wait than may. */
function checkQueue(trip: Trip, { key: place }: NamespaceModel, socket: SocketState): void {
  const { waiting, backlog, port, protocol, process } = socket;
  if (protocol !== "tcp" || waiting <= backlog || backlog === 0) return;
  end(trip, {
    place,
    stage: "socket",
    text: `${waiting} connections wait for ${nameOf(socket)} to take them, ${backlog} may`,
    evidence: [`ss -ltn: Recv-Q ${waiting} Send-Q ${backlog}`],
    death: death("queue-full", { place, port, waiting, backlog, process: process?.name }),
  });
}
