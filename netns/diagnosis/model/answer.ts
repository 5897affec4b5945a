/** The way back, and what follows on a connection whose beginning got through. */
import { OUTSIDE } from "../types/index.ts";
import { death } from "./deaths.ts";
import { findEntrance } from "./ends/outside.ts";
import { addressText, IcmpType, IpProtocol, makePacket, type Packet, TcpFlag } from "./packet.ts";
import { type Ends, endsOf, inverse, sameEnds } from "./stack/connection.ts";
import { driveFrom, driveIn, type Outcome } from "./stack/drive.ts";
import { end, type Trip } from "./trip.ts";

/** Lets a packet go from where the flow has arrived. */
type Send = (trip: Trip) => Outcome;

export function answer(trip: Trip, send: Send): void {
  const arrived = endsOf(trip.packet);
  turnRound(trip);
  finish(trip, send(trip));
  goOn(trip, arrived, send);
}

/** Bytes of a packet that carries a small request, or an answer to it. */
const SMALL_REQUEST = 180;

const ACKNOWLEDGEMENT = { tcpFlags: TcpFlag.ack };
const DATA = { tcpFlags: TcpFlag.ack | TcpFlag.psh, size: SMALL_REQUEST };

/**
 * TCP's third packet, and the first ones with data: rules may let a connection begin and then end it, and connection
 * tracking may see a part of it alone. Who asked is connected when they are sent.
 */
function goOn(trip: Trip, arrived: Ends, send: Send): void {
  const { journey, sent, packet } = trip;
  if (packet.protocol !== IpProtocol.tcp || journey.isDead || sent === undefined) return;
  const wasConnected = journey.isConnected;
  journey.isConnected = true;
  for (const kind of [ACKNOWLEDGEMENT, DATA]) {
    if (!journey.isDead) sendApart(trip, "there", { ...sent, ...kind }, sendAgain);
    if (!journey.isDead)
      sendApart(trip, "back", { ...inverse(arrived), ...kind }, (apart) => finish(apart, send(apart)));
  }
  journey.isConnected = wasConnected;
}

/** What ends the packet is noted, and nothing else of its way. */
function sendApart(
  trip: Trip,
  direction: "there" | "back",
  fields: Ends & Partial<Packet>,
  send: (apart: Trip) => void,
): void {
  const { family, protocol } = trip.packet;
  const packet = makePacket({ family, protocol, ...fields });
  const apart: Trip = { ...trip, journey: trip.journey.fork(direction), packet, attached: undefined };
  send(apart);
  trip.journey.adopt(apart.journey);
}

function sendAgain(trip: Trip): void {
  const { flow, world } = trip;
  const entrance = flow.from === OUTSIDE && world.host ? findEntrance(trip, world.host) : undefined;
  const namespace = world.namespace(flow.from);
  if (entrance !== undefined) driveIn(trip, entrance);
  else if (namespace !== undefined) driveFrom(trip, namespace, true);
}

/** The packet becomes the answer to itself. */
function turnRound(trip: Trip): void {
  const { packet } = trip;
  const { family, protocol } = packet;
  trip.journey.direction = "back";
  trip.attached = undefined;
  trip.packet = makePacket({
    family,
    protocol,
    ...inverse(packet),
    tcpFlags: protocol === IpProtocol.tcp ? TcpFlag.syn | TcpFlag.ack : 0,
    icmpType: family === 4 ? IcmpType.echoReply : protocol === IpProtocol.icmp6 ? IcmpType.echoReply6 : 0,
  });
}

/** The answer has to come to who asked, from whom he asked. */
function finish(trip: Trip, outcome: Outcome): void {
  const { flow, packet, sent } = trip;
  if (outcome.kind === "lost" || sent === undefined) return;
  const place = outcome.kind === "beyond" ? outcome.port.namespace.key : outcome.namespace.key;
  const isThere =
    flow.from === OUTSIDE ? outcome.kind === "beyond" : outcome.kind === "delivered" && place === flow.from;
  if (!isThere) {
    const device = outcome.kind === "beyond" ? outcome.port.link.name : undefined;
    end(trip, {
      place,
      stage: "route",
      device,
      text: `the answer goes ${outcome.kind === "beyond" ? `out by ${device}` : `to ${trip.world.view.nameOf(place)}`}, and not to who asked`,
      death: death("answer-misrouted", { place, device }),
    });
    return;
  }
  if (sameEnds(inverse(sent), endsOf(packet))) return;
  const [address, asked] = [packet.source, sent.destination].map((each) => addressText(packet.family, each));
  end(trip, {
    place: flow.from,
    stage: "socket",
    text: `the answer comes from ${address}, where ${asked} was asked`,
    evidence: ["the way back does not pass where the way there was translated"],
    death: death("not-translated", {
      kind: flow.from === OUTSIDE ? "publish" : "hairpin",
      place: trip.world.host?.key ?? flow.from,
      address,
      port: packet.sourcePort,
      receivedBy: flow.from,
    }),
  });
}
