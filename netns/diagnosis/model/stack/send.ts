/** A program sends: __ip_queue_xmit, ip_route_output_key, with the hooks output and postrouting. */
import { readAddress } from "../../../ipam/ip.ts";
import type { LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import type { FibResult } from "../fib/fib.ts";
import { chooseSource } from "../fib/source-address.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, IpProtocol, isLoopback } from "../packet.ts";
import { end, note, type Trip } from "../trip.ts";
import { endsOf } from "./connection.ts";
import { passHook } from "./hooks.ts";
import { goOn, type Onward } from "./route-faults.ts";

/** Within the namespace, or out by a link. */
export type Departure =
  | { readonly kind: "loopback" }
  | { readonly kind: "out"; readonly onward: Onward }
  | { readonly kind: "nowhere" };

/** @param isBound the packet's source is settled, as in an answer */
export function send(trip: Trip, namespace: NamespaceModel, isBound: boolean): Departure {
  const first = look(trip, namespace, isBound);
  if (!isBound && !takeSource(trip, namespace, first)) return { kind: "nowhere" };
  trip.sent ??= endsOf(trip.packet);
  // ip_route_connect looks again once it has a source: rules may ask for it. IPv6 does not.
  const isSettled = isBound || trip.packet.family === 6 || (first.kind !== "unicast" && first.kind !== "local");
  const route = isSettled ? first : look(trip, namespace, true);
  const departure = depart(trip, namespace, route);
  if (departure.kind === "nowhere") return departure;
  const outputLink = departure.kind === "loopback" ? namespace.loopback : departure.onward.link;
  if (departure.kind === "out") shrink(trip, departure.onward.link);
  const { reroute } = passHook(trip, { namespace, hook: "output", outputLink });
  const settled = reroute ? depart(trip, namespace, look(trip, namespace, true)) : departure;
  if (settled.kind === "nowhere") return settled;
  if (settled.kind === "out") checkLoopbackSource(trip, namespace, settled.onward.link);
  const leaving = settled.kind === "loopback" ? namespace.loopback : settled.onward.link;
  passHook(trip, { namespace, hook: "postrouting", outputLink: leaving });
  return settled;
}

function look({ packet }: Trip, namespace: NamespaceModel, withSource: boolean): FibResult {
  const { family, destination, source, mark } = packet;
  return namespace.fib.look({
    family,
    destination,
    source: withSource ? source : undefined,
    inputDevice: "lo",
    mark,
    transport: packet,
  });
}

/** @returns false when there is none */
function takeSource(trip: Trip, namespace: NamespaceModel, route: FibResult): boolean {
  const { packet, flow } = trip;
  const bound = flow.source === "" ? undefined : readAddress(flow.source)?.value;
  const source = bound ?? chooseSource(namespace, packet.family, packet.destination, route);
  if (source !== undefined) {
    packet.source = source;
    return true;
  }
  const { key: place } = namespace;
  const destination = addressText(packet.family, packet.destination);
  const isCutOff = route.kind === "none";
  end(trip, {
    place,
    stage: "route",
    text: isCutOff
      ? `no route leads to ${destination}, and there is no address to send from`
      : "no address to send from",
    evidence: ["ip address show", `ip route get ${destination}`],
    death: death(isCutOff ? "no-route" : "no-source-address", {
      place,
      destination,
      device: route.device,
      table: route.table,
    }),
  });
  return takeIntendedSource(trip, namespace);
}

/** The one that the store has given it, so that what comes after is looked at too. */
function takeIntendedSource({ packet, world }: Trip, { key }: NamespaceModel): boolean {
  const [container] = world.view.containersIn(key);
  const texts = (container?.endpoints ?? []).map(({ address, address6 }) => (packet.family === 4 ? address : address6));
  const address = readAddress(texts.find((text) => text !== "") ?? "");
  if (address === undefined) return false;
  packet.source = address.value;
  return true;
}

function depart(trip: Trip, namespace: NamespaceModel, route: FibResult): Departure {
  if (route.kind === "local" || (route.kind === "broadcast" && route.device === undefined)) {
    note(trip, {
      place: namespace.key,
      stage: "route",
      device: "lo",
      text: `${addressText(trip.packet.family, trip.packet.destination)} is an address of its own`,
      evidence: ["ip route show table local"],
    });
    return { kind: "loopback" };
  }
  const onward = goOn(trip, namespace, route, true);
  return onward === undefined ? { kind: "nowhere" } : { kind: "out", onward };
}

/** TCP never sends more than the link takes; other packets are cut into pieces, which may be cut again. */
function shrink({ packet }: Trip, { mtu }: LinkState): void {
  if (packet.size <= mtu || mtu === 0) return;
  packet.size = mtu;
  if (packet.protocol !== IpProtocol.tcp) packet.dontFragment = false;
}

/** __mkroute_output: a loopback address leaves by a link only where route_localnet allows it. */
function checkLoopbackSource(trip: Trip, namespace: NamespaceModel, link: LinkState): void {
  const { packet } = trip;
  const { key: place } = namespace;
  if (packet.family !== 4 || !isLoopback(4, packet.source) || link.name === "lo") return;
  const isAllowed = ["all", link.name].some((where) => namespace.linkSysctl(4, where, "route_localnet") === 1);
  if (isAllowed) return;
  const key = `net.ipv4.conf.${link.name}.route_localnet`;
  const source = addressText(4, packet.source);
  end(trip, {
    place,
    stage: "route",
    device: link.name,
    text: `${source} may not leave by ${link.name}`,
    evidence: [`sysctl ${key} = ${namespace.linkSysctl(4, link.name, "route_localnet") ?? 0}`],
    death: death("martian", {
      place,
      device: link.name,
      source,
      destination: addressText(4, packet.destination),
      reason: "loopback",
      key,
    }),
  });
}
