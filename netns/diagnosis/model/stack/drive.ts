/** Takes a packet from where it starts to where it ends, from one namespace into the next. */

import { death } from "../deaths.ts";
import { type Arrival, transmit } from "../link/transmit.ts";
import { endAtLink, enter } from "../link/wire.ts";
import type { NamespaceModel } from "../namespace.ts";
import type { Trip } from "../trip.ts";
import { end } from "../trip.ts";
import type { Port } from "../world.ts";
import { receive } from "./receive.ts";
import { type Departure, send } from "./send.ts";

export type Outcome =
  | { readonly kind: "delivered"; readonly namespace: NamespaceModel; readonly input: string }
  | { readonly kind: "beyond"; readonly port: Port }
  | { readonly kind: "lost" };

/** Namespaces that a packet passes before it is taken to go round in circles. */
const FARTHEST = 24;

/** @param isBound its source is settled */
export function driveFrom(trip: Trip, namespace: NamespaceModel, isBound: boolean): Outcome {
  const { packet } = trip;
  if (packet.family === 4) packet.ttl = namespace.sysctl("net.ipv4.ip_default_ttl") ?? packet.ttl;
  else packet.ttl = hopLimit(trip, namespace) ?? packet.ttl;
  const departure = send(trip, namespace, isBound);
  return driveOn(trip, namespace, departureToArrival(trip, namespace, departure));
}

/** Of IPv6 each link has its own: ip6_dst_hoplimit. */
function hopLimit({ packet }: Trip, namespace: NamespaceModel): number | undefined {
  const { device } = namespace.fib.look({ family: 6, destination: packet.destination, inputDevice: "lo" });
  return device === undefined ? undefined : namespace.sysctl(`net.ipv6.conf.${device}.hop_limit`);
}

/** From out of the snapshot, in by a link. */
export function driveIn(trip: Trip, port: Port): Outcome {
  trip.packet.destinationMac = port.link.mac;
  enter(trip, port);
  return driveOn(trip, port.namespace, { kind: "link", port, hasPassedRules: false });
}

function departureToArrival(trip: Trip, namespace: NamespaceModel, departure: Departure): Arrival {
  if (departure.kind === "nowhere") return departure;
  if (departure.kind === "out") {
    return transmit(trip, namespace, departure.onward.link, departure.onward.gateway);
  }
  const link = namespace.loopback;
  if (link === undefined) return { kind: "nowhere" };
  if (!link.up) endAtLink(trip, namespace.key, link, "link-down");
  return { kind: "link", port: { namespace, link }, hasPassedRules: false };
}

function driveOn(trip: Trip, last: NamespaceModel, first: Arrival): Outcome {
  let arrival = first;
  let place = last;
  for (let passed = 0; passed < FARTHEST; passed++) {
    if (arrival.kind !== "link") return arrival.kind === "beyond" ? arrival : { kind: "lost" };
    const { port, hasPassedRules } = arrival;
    place = port.namespace;
    const reception = receive(trip, port, hasPassedRules);
    if (reception.kind === "local") return { kind: "delivered", namespace: place, input: port.link.name };
    if (reception.kind === "nowhere") return { kind: "lost" };
    arrival = transmit(trip, place, reception.onward.link, reception.onward.gateway);
  }
  end(trip, {
    place: place.key,
    stage: "route",
    text: "the packet goes round in circles",
    death: death("ttl-expired", { place: place.key, device: undefined }),
  });
  return { kind: "lost" };
}
