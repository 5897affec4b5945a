/** What the kernel counts and remembers beside the packets: read before and after. Of the namespace that the thread is in. */
import { NETLINK_NETFILTER } from "../../netlink/constants.ts";
import { NetlinkSocket } from "../../netlink/transport.ts";
import { readStatistics } from "../snapshot/conntrack.ts";
import { readCounters } from "../snapshot/counters.ts";
import { dumpLinks, type LinkParts, linksOf } from "../snapshot/links.ts";
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
  const links = linksOf(dumpLinks(netlink), WITHOUT_PARTS);
  return Object.assign(
    {},
    ...links.map(({ name, statistics: { receivedDropped, sentDropped } }) =>
      prefixed(`Link.${name}`, { receivedDropped, sentDropped }),
    ),
  );
}

const WITHOUT_PARTS: LinkParts = { addresses: new Map(), qdiscs: new Map(), filters: new Map(), attached: new Map() };

const prefixed = (prefix: string, counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).map(([name, value]) => [`${prefix}.${name}`, value]));

export function neighbours(names: ReadonlyMap<number, string>): NeighbourState[] {
  using netlink = NetlinkSocket.open();
  return readNeighbours(netlink, names);
}
