/** What the kernel counts and remembers beside the packets: read before and after. Of the namespace that the thread is in. */
import { parseAttributes } from "../../netlink/codec.ts";
import { NETLINK_NETFILTER } from "../../netlink/constants.ts";
import { NetlinkSocket } from "../../netlink/transport.ts";
import { readStatistics } from "../snapshot/conntrack.ts";
import { readCounters } from "../snapshot/counters.ts";
import { dumpLinks, IFINFOMSG_LENGTH, nameOf } from "../snapshot/links.ts";
import { readNeighbours } from "../snapshot/neighbours.ts";
import { readSmallFile } from "../snapshot/proc-files.ts";
import type { CounterChange, NeighbourState, Place } from "../types/index.ts";

/** `Ip.InAddrErrors`, `Conntrack.insert_failed`, `Link.eth0.sentDropped` → value. */
export type Counts = Readonly<Record<string, number>>;

/** Protocols, tracking of connections, losses of links. */
export function count(): Counts {
  return { ...readCounters(), ...countTracking(), ...countLinks() };
}

/** What differs, of one place. */
export function changesBetween(place: Place, before: Counts, after: Counts): CounterChange[] {
  return Object.entries(after)
    .map(([name, value]) => ({ place, name, change: value - (before[name] ?? 0) }))
    .filter(({ change }) => change !== 0);
}

function countTracking(): Counts {
  // Asking the kernel would load the module.
  if (readSmallFile("/proc/sys/net/netfilter/nf_conntrack_count") === undefined) return {};
  using netlink = NetlinkSocket.open(NETLINK_NETFILTER);
  return prefixed("Conntrack", readStatistics(netlink));
}

function countLinks(): Counts {
  using netlink = NetlinkSocket.open();
  return Object.assign({}, ...dumpLinks(netlink).map((link) => prefixed(`Link.${nameOf(link)}`, lossesOf(link))));
}

/** IFLA_STATS64, and places of 64 bit numbers in struct rtnl_link_stats64. */
const STATISTICS = 23;
const Loss = { receivedDropped: 6, sentDropped: 7 } as const;

function lossesOf(link: Buffer): Counts {
  const statistics = parseAttributes(link, IFINFOMSG_LENGTH).get(STATISTICS);
  if (statistics === undefined) return {};
  return Object.fromEntries(
    Object.entries(Loss).map(([name, place]) => [name, Number(statistics.readBigUInt64LE(8 * place))]),
  );
}

const prefixed = (prefix: string, counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).map(([name, value]) => [`${prefix}.${name}`, value]));

export function neighbours(names: ReadonlyMap<number, string>): NeighbourState[] {
  using netlink = NetlinkSocket.open();
  return readNeighbours(netlink, names);
}
