/** A flow's packet and the answer to it. */
import { readAddress } from "../../ipam/ip.ts";
import { type Flow, OUTSIDE, type Place, type SocketState } from "../types/index.ts";
import { answer } from "./answer.ts";
import { death } from "./deaths.ts";
import { checkAnswerSource } from "./ends/answer-source.ts";
import { deliver, findSocket } from "./ends/listener.ts";
import { answerFromOutside, chooseOutsider, findEntrance } from "./ends/outside.ts";
import { type Publication, publicationOf } from "./ends/published.ts";
import type { Journey } from "./journey.ts";
import { endDeaf, isDeaf } from "./link/neighbour.ts";
import { checkQuestionIn } from "./link/question.ts";
import type { NamespaceModel } from "./namespace.ts";
import { addressText, IcmpType, makePacket, type Packet, protocolNumber, TcpFlag } from "./packet.ts";
import { endsOf } from "./stack/connection.ts";
import { driveFrom, driveIn, type Outcome } from "./stack/drive.ts";
import { end, note, type Trip } from "./trip.ts";
import type { Port, World } from "./world.ts";

export interface Passed {
  /** Whose socket gets the packet. */
  readonly arrivesAt: Place | undefined;
  /** Takes the answer back; undefined when nobody answers. */
  readonly answer: (() => void) | undefined;
}

type Delivery = Extract<Outcome, { readonly kind: "delivered" }>;

const NOT_PASSED: Passed = { arrivesAt: undefined, answer: undefined };

/** Proxies that lead to proxies are followed so far. */
const MOST_PROXIES = 2;

/** @param paths see {@link Trip.paths} */
export function passFlow(world: World, flow: Flow, journey: Journey, paths: Trip["paths"], proxies = 0): Passed {
  const packet = firstPacket(flow);
  if (packet === undefined) return NOT_PASSED;
  const trip: Trip = {
    world,
    flow,
    journey,
    packet,
    connections: new Map(),
    bridged: new Map(),
    attached: undefined,
    sent: undefined,
    resolved: new Map(),
    isRemembered: false,
    paths,
  };
  const outcome = flow.from === OUTSIDE ? fromOutside(trip) : fromNamespace(trip);
  if (outcome.kind === "lost") return NOT_PASSED;
  if (outcome.kind === "beyond") return passOut(trip, outcome.port);
  return takeIn(trip, outcome, proxies);
}

function firstPacket({
  family,
  protocol,
  source,
  destination,
  sourcePort,
  destinationPort,
  size,
}: Flow): Packet | undefined {
  const to = readAddress(destination)?.value;
  if (to === undefined) return undefined;
  const isPing = protocol === "icmp";
  return makePacket({
    family,
    protocol: protocolNumber(protocol, family),
    source: (source === "" ? undefined : readAddress(source)?.value) ?? 0n,
    destination: to,
    sourcePort: isPing ? 0 : sourcePort,
    destinationPort: isPing ? 0 : destinationPort,
    tcpFlags: protocol === "tcp" ? TcpFlag.syn : 0,
    icmpType: isPing ? (family === 4 ? IcmpType.echoRequest : IcmpType.echoRequest6) : 0,
    ...(size === undefined ? {} : { size }),
  });
}

function fromNamespace(trip: Trip): Outcome {
  const { flow, world } = trip;
  const namespace = world.namespace(flow.from);
  if (namespace !== undefined) return driveFrom(trip, namespace, false);
  end(trip, {
    place: flow.from,
    stage: "route",
    text: `${world.view.nameOf(flow.from)} has no network now`,
    death: death("network-down", { place: flow.from }),
  });
  return { kind: "lost" };
}

function fromOutside(trip: Trip): Outcome {
  const { world, packet } = trip;
  const entrance = world.host && findEntrance(trip, world.host);
  const source = packet.source === 0n && entrance ? chooseOutsider(entrance, packet.family) : packet.source;
  if (entrance === undefined || source === undefined || source === 0n) {
    end(trip, {
      place: OUTSIDE,
      stage: "route",
      text: "no link of the host leads outside",
      death: death("no-route", { place: OUTSIDE, destination: addressText(packet.family, packet.destination) }),
    });
    return { kind: "lost" };
  }
  packet.source = source;
  trip.sent = endsOf(packet);
  note(trip, { place: OUTSIDE, stage: "link", device: entrance.link.name, text: `comes in by ${entrance.link.name}` });
  if (isDeaf(entrance)) endDeaf(trip, entrance, addressText(packet.family, packet.destination));
  checkQuestionIn(trip, entrance);
  return driveIn(trip, entrance);
}

function passOut(trip: Trip, left: Port): Passed {
  if (trip.flow.from === OUTSIDE) checkLostAddress(trip, left);
  const entrance = answerFromOutside(trip, left);
  return {
    arrivesAt: OUTSIDE,
    answer: () => answer(trip, (answering) => driveIn(answering, entrance)),
  };
}

/** A packet for a published port that only passes through: no link of the host has the address. */
function checkLostAddress({ world, journey, packet, flow }: Trip, { namespace, link }: Port): void {
  const to = readAddress(flow.destination)?.value;
  const asked = { ...packet, destination: to ?? packet.destination, destinationPort: flow.destinationPort };
  if (publicationOf(world, asked)?.port.hostIp !== flow.destination) return;
  journey.end(packet, {
    place: namespace.key,
    stage: "route",
    device: link.name,
    text: `no link of the host has ${flow.destination}: the packet leaves again by ${link.name}`,
    evidence: [`ip address show to ${flow.destination}: none`],
    death: death("misrouted", { place: namespace.key, device: link.name, destination: flow.destination }),
  });
}

function takeIn(trip: Trip, { namespace, input }: Delivery, proxies: number): Passed {
  const publication = namespace === trip.world.host ? publicationOf(trip.world, trip.packet) : undefined;
  const socket = findSocket(namespace, trip.packet, input);
  const leads = publication !== undefined && isProxy(socket, publication);
  if (publication !== undefined && !leads) endUntranslated(trip, namespace, socket);
  else deliver(trip, namespace, input);
  const inner = leads && proxies < MOST_PROXIES ? throughProxy(trip, publication, proxies) : undefined;
  return {
    arrivesAt: inner?.arrivesAt ?? namespace.key,
    answer: () => {
      inner?.answer?.();
      answer(trip, (answering) => {
        if (!leads) checkAnswerSource(answering, namespace, socket);
        return driveFrom(answering, namespace, true);
      });
    },
  };
}

/** The engine's companion, which carries what the kernel does not. Its name is what tells it from other programs. */
function isProxy(socket: SocketState | undefined, { isProxied }: Publication): boolean {
  if (socket === undefined) return false;
  return socket.process === undefined ? isProxied || socket.protocol === "tcp" : socket.process.name === PROXY;
}

const PROXY = "ctr-dataplane";

/** The packet should never have come to a socket of the host. */
function endUntranslated(trip: Trip, { key: place }: NamespaceModel, socket: SocketState | undefined): void {
  const { packet } = trip;
  const address = addressText(packet.family, packet.destination);
  const port = packet.destinationPort;
  end(trip, {
    place,
    stage: "translation",
    text: `no rule leads port ${port} of ${address} to a container`,
    evidence: ["no rule of a nat chain translates it"],
    death: death(
      "not-translated",
      { kind: "publish", place, address, port, process: socket?.process?.name },
      socket === undefined ? "refused" : "silence",
    ),
  });
}

/** The proxy's own connection to the container. */
function throughProxy(trip: Trip, { address, port, container }: Publication, proxies: number): Passed {
  const { flow, world, journey } = trip;
  note(trip, {
    place: world.host?.key ?? flow.from,
    stage: "program",
    text: `${PROXY} passes it on to ${container.name}, ${address} port ${port.containerPort}`,
    evidence: [`published port ${port.hostIp}:${port.hostPort}`],
  });
  const onward: Flow = {
    ...flow,
    from: world.host?.key ?? flow.from,
    source: "",
    destination: address,
    family: address.includes(":") ? 6 : 4,
    destinationPort: port.containerPort,
    sourcePort: 0,
  };
  // Datagrams are not accepted: their sender sees silence.
  journey.isConnected = flow.protocol === "tcp";
  const passed = passFlow(world, onward, journey, trip.paths, proxies + 1);
  journey.isConnected = false;
  return {
    ...passed,
    answer: () => {
      journey.isConnected = flow.protocol === "tcp";
      passed.answer?.();
      journey.isConnected = false;
    },
  };
}
