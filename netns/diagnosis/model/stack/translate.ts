/** Network address translation of a tracked packet: nf_nat_core.c. */
import { readAddress } from "../../../ipam/ip.ts";
import { death } from "../deaths.ts";
import { type Publication, publicationOf } from "../ends/published.ts";
import { chooseSource } from "../fib/source-address.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, protocolName } from "../packet.ts";
import type { PortRange, RuleContext, Translation } from "../rules/types.ts";
import { end, note, type Trip } from "../trip.ts";
import { type Connection, type Ends, inverse, sameEnds } from "./connection.ts";

/** What the rules have decided for a new connection. @returns false when the address cannot be told */
export function decide(trip: Trip, context: RuleContext, connection: Connection, translation: Translation): boolean {
  const { side, ports } = translation;
  connection.settled[side] = true;
  const address = addressOf(trip, context, translation);
  if (address === undefined) return false;
  const { reply } = connection;
  // Which of several the kernel takes is open, as it is for clients.
  const port = ports === undefined ? undefined : ports.low === ports.high ? ports.low : 0;
  if (side === "destination") {
    reply.source = address;
    reply.sourcePort = port ?? reply.sourcePort;
  } else {
    reply.destination = address;
    reply.destinationPort = port ?? reply.destinationPort;
    if (ports !== undefined) checkPorts(trip, context.namespace, address, ports);
  }
  return true;
}

/** Two connections to one destination cannot have one source: nf_nat_l4proto_unique_tuple finds no port then. */
function checkPorts(
  trip: Trip,
  { key: place, state }: NamespaceModel,
  address: bigint,
  { low, high }: PortRange,
): void {
  const { packet } = trip;
  const [source, destination] = [address, packet.destination].map((each) => addressText(packet.family, each));
  const taken = (state.conntrack?.entries ?? []).filter(
    ({ protocol, reply }) =>
      protocol === protocolName(packet.protocol) &&
      reply.destination === source &&
      reply.destinationPort >= low &&
      reply.destinationPort <= high &&
      reply.source === destination &&
      reply.sourcePort === packet.destinationPort,
  );
  if (new Set(taken.map(({ reply }) => reply.destinationPort)).size <= high - low) return;
  end(trip, {
    place,
    stage: "translation",
    text: `all ports from ${low} to ${high} of ${source} are taken by connections to ${destination} port ${packet.destinationPort}`,
    evidence: [`conntrack -L -d ${destination}: ${taken.length}`],
    death: death("no-port-free", { place, address: source, low, high, taken: taken.length }),
  });
}

function addressOf(trip: Trip, context: RuleContext, { side, address }: Translation): bigint | undefined {
  const { packet } = trip;
  if (address === "unknown") return undefined;
  if (address === "unchanged") return side === "destination" ? packet.destination : packet.source;
  if (typeof address === "bigint") return address;
  return address === "outgoing" ? outgoing(trip, context) : incoming(trip, context);
}

/** Masquerade takes what the kernel would choose as source on that link. */
function outgoing({ packet }: Trip, { namespace, outputLink }: RuleContext): bigint | undefined {
  const { family, destination, mark } = packet;
  const route = namespace.fib.look({ family, destination, mark, outputDevice: outputLink?.name, inputDevice: "lo" });
  const overLink = { ...route, route: undefined, kind: "unicast", device: outputLink?.name } as const;
  return chooseSource(namespace, family, destination, overLink);
}

/** Redirect leads to this host: to the first address of the link that the packet came by, or to loopback. */
function incoming({ packet: { family } }: Trip, { namespace, inputLink, hook }: RuleContext): bigint | undefined {
  if (hook === "output") return readAddress(family === 4 ? "127.0.0.1" : "::1")?.value;
  const own = inputLink === undefined ? [] : namespace.addressesOf(inputLink);
  return own.find((address) => address.family === family && address.state === "ready")?.value;
}

/** What the store says that the port leads to, on the host. */
function publishedHere({ world, packet }: Trip, namespace: NamespaceModel): Publication | undefined {
  const publication = namespace === world.host ? publicationOf(world, packet) : undefined;
  return publication?.isProxied === false ? publication : undefined;
}

/** The rules, or a connection that was there before, lead elsewhere than to the container that has the port. */
function checkTarget(
  trip: Trip,
  { key: place }: NamespaceModel,
  { container, port, address }: Publication,
  isStale: boolean,
) {
  const { packet } = trip;
  const target = addressText(packet.family, packet.destination);
  const isContainer = container.endpoints.some((own) => own.address === target || own.address6 === target);
  if (isContainer && packet.destinationPort === port.containerPort) return;
  const expected = ends(packet.family, readAddress(address)?.value ?? 0n, port.containerPort);
  end(trip, {
    place,
    stage: "translation",
    text: `port ${port.hostPort} leads to ${ends(packet.family, packet.destination, packet.destinationPort)}, and not to ${container.name} (${expected})`,
    evidence: [isStale ? "conntrack -L" : "nft list ruleset"],
    death: death("translated-astray", {
      place,
      address: target,
      port: packet.destinationPort,
      expected,
      ...(isStale ? { stale: true } : {}),
    }),
  });
}

/** Rewrites a packet of the connection, whichever way it goes. */
export function rewrite(
  trip: Trip,
  namespace: NamespaceModel,
  {
    connection,
    direction,
    side,
  }: { connection: Connection; direction: "original" | "reply"; side: Translation["side"] },
): void {
  const { packet } = trip;
  if (packet.isError) return;
  // As it leaves: what the other direction's packets look like, turned round.
  const target = inverse(direction === "original" ? connection.reply : connection.original);
  const before: Ends = { ...packet };
  const publication = side === "destination" && direction === "original" ? publishedHere(trip, namespace) : undefined;
  if (side === "destination") {
    packet.destination = target.destination;
    packet.destinationPort = target.destinationPort;
  } else {
    packet.source = target.source;
    packet.sourcePort = target.sourcePort;
  }
  if (sameEnds(before, packet)) return;
  const { family } = packet;
  const [from, to] =
    side === "destination"
      ? [
          ends(family, before.destination, before.destinationPort),
          ends(family, packet.destination, packet.destinationPort),
        ]
      : [ends(family, before.source, before.sourcePort), ends(family, packet.source, packet.sourcePort)];
  note(trip, {
    place: namespace.key,
    stage: "translation",
    verdict: "translate",
    text: `${side} ${from} becomes ${to}${direction === "reply" ? " again" : ""}`,
  });
  if (publication !== undefined) checkTarget(trip, namespace, publication, connection.isOld);
}

function ends(family: 4 | 6, address: bigint, port: number): string {
  const text = addressText(family, address);
  if (port === 0) return text;
  return family === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}
