/** What the kernel calls a drop and is none: nothing that anybody waits for is lost. Pure. */
import type { FreedEvent } from "./events.ts";

/** See include/net/dropreason-core.h */
const NORMAL_REASONS: ReadonlySet<string> = new Set(["CONSUMED", "NOT_DROPPED_YET", "QUEUE_PURGE", "TCP_OLD_ACK"]);
/**
 * What a raw socket got already: an answer to `ping`. Copies for every listener that nobody listens to: multicast of IPv6,
 * which each namespace sends all the time.
 */
const NORMAL_PLACES: ReadonlySet<string> = new Set([
  "ip6_mc_input",
  "mld_sendpack",
  "packet_rcv",
  "ping_rcv",
  "tpacket_rcv",
]);
const IPV6 = 0x86dd;

export function isNormal({
  reason,
  location,
  protocol,
}: Pick<FreedEvent, "reason" | "location" | "protocol">): boolean {
  if (NORMAL_REASONS.has(reason) || NORMAL_PLACES.has(location)) return true;
  // Packets at the end of a connection, which have told what they had to tell.
  if (reason === "NOT_SPECIFIED" && location.startsWith("tcp_rcv_")) return true;
  return protocol === IPV6 && reason === "IPV6DISABLED";
}
