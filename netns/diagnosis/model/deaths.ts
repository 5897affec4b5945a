/**
 * How packets end, with the facts that tell causes apart. Keys are stable per kind:
 *
 * | kind | facts |
 * |---|---|
 * | no-source-address, no-route, route-* | place, table, destination, device?, viaRule? |
 * | network-down | place |
 * | forwarding-off | place, key, device |
 * | reverse-path | place, device, expectedDevice, key, protocolArp? |
 * | martian | place, device, source, destination, reason (`loopback`, `own-address`, `destination`), key? |
 * | ttl-expired | place, device |
 * | too-big, mtu-of-peer | place, device, mtu, size, errorReturns (the sender is told), errorEndsAt? |
 * | link-down, no-carrier | place, device |
 * | not-a-bridge-port | place, device, bridge, actualBridge? |
 * | port-isolated | place, device, otherDevice |
 * | port-blocked | place, device, state |
 * | hairpin-off | place, device |
 * | wrong-bridge-port, not-flooded | place, device, mac, actualDevice? |
 * | neighbour-silent | place, device, address, reason (`no-holder`, `no-arp`, `wrong-prefix`, `gateway-missing`), holder? |
 * | neighbour-wrong | place, device, address, mac, expectedMac, duplicate? |
 * | filter-drop, filter-reject | family, table, chain, hook, priority, handle?, policy, comment?, ruleText, backend, ours, place, limit?, protocolArp?, neighbourDiscovery? |
 * | not-translated | kind (`masquerade`, `publish`, `loopback`, `hairpin`), place, address, port? |
 * | translated-astray | place, address, port, expected? |
 * | queue | place, device, kind, rate? (bytes a second) |
 * | no-port-free | place, address, low, high, taken |
 * | table-full | place, count, max |
 * | no-listener | place, port, protocol, key? |
 * | listener-elsewhere | place, port, protocol, boundTo, process? |
 * | queue-full | place, port, waiting, backlog, process? |
 * | program-stuck | place, port, reason (`frozen`, `stopped`, `files`, `throttled`), process?, pid? |
 * | answer-source | place, port, protocol, address, expected |
 * | misrouted, answer-misrouted | place, device, expectedDevice, table, viaRule? |
 *
 * A fact `limit` says that some packets end so; with `remembered` they do once the kernel has forgotten its neighbour.
 * A fact `uncertain` says that the packet ends so if something is as cannot be told. `seen` is what the sender notices.
 */
import type { Death, DeathKind } from "../types/index.ts";

const SEEN: Partial<Record<DeathKind, Death["seen"]>> = {
  "no-source-address": "error",
  "network-down": "error",
  "no-route": "unreachable",
  "route-unreachable": "unreachable",
  "route-prohibited": "unreachable",
  "ttl-expired": "unreachable",
  "neighbour-silent": "unreachable",
  "no-listener": "refused",
  "listener-elsewhere": "refused",
  "program-stuck": "accepted-silence",
};

/** @param seen unless it is what this kind usually looks like */
export function death(kind: DeathKind, facts: Death["facts"], seen?: Death["seen"]): Death {
  return { kind, seen: seen ?? SEEN[kind] ?? "silence", facts };
}

/** If a condition holds that cannot be told. */
export const isUncertain = ({ facts }: Death): boolean => facts["uncertain"] === true;

/** For a packet that sometimes ends so and sometimes passes. */
export const isOccasional = ({ facts }: Death): boolean => facts["limit"] === true;
