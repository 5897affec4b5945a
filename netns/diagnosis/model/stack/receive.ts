/** IP takes a packet from a link: ip_rcv, ip_route_input_slow, ip_forward; ip6_forward. */

import type { LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import type { FibResult } from "../fib/fib.ts";
import { findSourceFault } from "../fib/validate-source.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText, isLoopback } from "../packet.ts";
import { end, note, type Trip } from "../trip.ts";
import type { Port } from "../world.ts";
import { forwardingFault } from "./forwarding.ts";
import { passHook } from "./hooks.ts";
import { checkPathSize } from "./path-size.ts";
import { goOn, type Onward } from "./route-faults.ts";

export type Reception =
  | { readonly kind: "local" }
  | { readonly kind: "onward"; readonly onward: Onward }
  | { readonly kind: "nowhere" };

/** @param hasPassedRules frames of a bridge may have passed the first hook already */
export function receive(trip: Trip, port: Port, hasPassedRules: boolean): Reception {
  const { namespace, link } = port;
  if (!hasPassedRules) passHook(trip, { namespace, hook: "prerouting", inputLink: link });
  const { packet } = trip;
  if (packet.family === 6) checkSwitchedOff(trip, port);
  if (link.name !== "lo") checkMartians(trip, port);
  const { family, destination, source, mark } = packet;
  const route = namespace.fib.look({
    family,
    destination,
    source,
    mark,
    inputDevice: link.name,
    transport: packet,
  });
  if (link.name !== "lo") checkSource(trip, port, route);
  if (route.kind === "local" || route.kind === "broadcast") return takeLocally(trip, port);
  return forward(trip, port, route);
}

function takeLocally(trip: Trip, { namespace, link }: Port): Reception {
  note(trip, {
    place: namespace.key,
    stage: "route",
    device: link.name,
    text: `${addressText(trip.packet.family, trip.packet.destination)} is an address of ${trip.world.view.nameOf(namespace.key)}`,
    evidence: ["ip route show table local"],
  });
  passHook(trip, { namespace, hook: "input", inputLink: link });
  return { kind: "local" };
}

function forward(trip: Trip, { namespace, link }: Port, route: FibResult): Reception {
  checkForwarding(trip, namespace, link);
  const onward = goOn(trip, namespace, route, false);
  if (onward === undefined) return { kind: "nowhere" };
  checkHops(trip, namespace, link);
  checkPathSize(trip, namespace, link, onward, route.route?.mtu);
  passHook(trip, { namespace, hook: "forward", inputLink: link, outputLink: onward.link });
  passHook(trip, { namespace, hook: "postrouting", inputLink: link, outputLink: onward.link });
  return { kind: "onward", onward };
}

/** Addresses that never come from a wire. */
function checkMartians(trip: Trip, { namespace, link }: Port): void {
  const { packet } = trip;
  const { family, source, destination } = packet;
  const key = `net.ipv4.conf.${link.name}.route_localnet`;
  const mayLoop =
    family === 4 && ["all", link.name].some((where) => namespace.linkSysctl(4, where, "route_localnet") === 1);
  if (mayLoop) return;
  if (isLoopback(family, destination)) endAsMartian(trip, { namespace, link }, "destination", key);
  else if (isLoopback(family, source)) endAsMartian(trip, { namespace, link }, "loopback", key);
}

/**
 * A packet that this host has forwarded from its own loopback, or to where it came from, was to be translated: the fault
 * lies there.
 */
function endAsMartian(
  trip: Trip,
  { namespace, link }: Port,
  reason: "destination" | "loopback" | "own-address",
  key?: string,
): void {
  const { packet, flow } = trip;
  const { family } = packet;
  const { key: place } = namespace;
  const source = addressText(family, packet.source);
  const destination = addressText(family, packet.destination);
  const untranslated =
    reason === "loopback" ? "loopback" : reason === "own-address" && flow.from === place ? "hairpin" : undefined;
  const address = reason === "destination" ? destination : source;
  end(trip, {
    place,
    stage: "route",
    device: link.name,
    text: `${address} as ${reason === "destination" ? "destination" : "source"} is not taken from ${link.name}${reason === "own-address" ? ": it is an address of this host itself" : ""}`,
    evidence: [key === undefined ? `ip address show to ${source}` : `sysctl ${key}`],
    death:
      untranslated === undefined
        ? death("martian", { place, device: link.name, source, destination, reason, key })
        : death("not-translated", {
            kind: untranslated,
            place: senderOf(trip, place),
            address: source,
            receivedBy: place,
          }),
  });
}

/** Who should have translated: the one before. */
const senderOf = ({ world }: Trip, place: string): string => world.host?.key ?? place;

function checkSource(trip: Trip, port: Port, route: FibResult): void {
  const { namespace, link } = port;
  if (isLoopback(trip.packet.family, trip.packet.source)) return;
  if (route.kind !== "local" && route.kind !== "unicast") return;
  const fault = findSourceFault(namespace, trip.packet, link);
  if (fault === undefined) return;
  if (fault.kind === "own-address") {
    endAsMartian(trip, port, "own-address");
    return;
  }
  const { key: place } = namespace;
  const source = addressText(trip.packet.family, trip.packet.source);
  const expectedDevice = fault.expectedDevice;
  end(trip, {
    place,
    stage: "route",
    device: link.name,
    text: `the way back to ${source} leads over ${expectedDevice ?? "nothing"}, and not over ${link.name}, where it came from`,
    evidence: [`sysctl ${fault.key} = ${namespace.sysctl(fault.key) ?? "?"}`, `ip route get ${source}`],
    death: death("reverse-path", { place, device: link.name, expectedDevice, key: fault.key }),
  });
}

function checkSwitchedOff(trip: Trip, { namespace, link }: Port): void {
  const { key: place } = namespace;
  const key = `net.ipv6.conf.${link.name}.disable_ipv6`;
  if (namespace.linkSysctl(6, link.name, "disable_ipv6") !== 1) return;
  end(trip, {
    place,
    stage: "route",
    device: link.name,
    text: `IPv6 is switched off on ${link.name}`,
    evidence: [`sysctl ${key} = 1`],
    death: death("network-down", { place, device: link.name, key }),
  });
}

/** IPv4 asks the link that the packet came by, IPv6 the setting for all (or, since Linux 6.17, the link's force_forwarding). */
function checkForwarding(trip: Trip, namespace: NamespaceModel, link: LinkState): void {
  const { key: place } = namespace;
  const { family } = trip.packet;
  const key = forwardingFault(namespace, family, link);
  if (key === undefined) return;
  end(trip, {
    place,
    stage: "route",
    device: link.name,
    text: `${trip.world.view.nameOf(place)} passes nothing on that comes by ${link.name}`,
    evidence: [`sysctl ${key} = ${namespace.sysctl(key) ?? 0}`],
    death: death("forwarding-off", { place, key, device: link.name }),
  });
}

function checkHops(trip: Trip, { key: place }: NamespaceModel, link: LinkState): void {
  const { packet } = trip;
  if (packet.ttl > 1) {
    packet.ttl -= 1;
    return;
  }
  end(trip, {
    place,
    stage: "route",
    device: link.name,
    text: "the packet has gone from host to host too often",
    death: death("ttl-expired", { place, device: link.name }),
  });
}
