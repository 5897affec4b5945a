/** Where packets were lost so far: those of the kernel's counters that mean it. Pure. */
import type { SnapshotView } from "../snapshot-view.ts";
import type { NamespaceState, Place } from "../types/index.ts";

/** A counter that is not 0. They count since the namespace or the link is there. */
export interface DropCounter {
  readonly place: Place;
  /** `Ip.InAddrErrors`, `Link.eth0.receivedDropped`, `Conntrack.insert_failed`, `Queue.eth0.tbf` */
  readonly name: string;
  readonly value: number;
  /** What was lost, in a few words. */
  readonly meaning: string;
}

/** See the kernel's networking/snmp_counter and RFC 1213, 4293. */
const MEANINGS: Readonly<Record<string, string>> = {
  "Ip.InHdrErrors": "bad header, or lived too long",
  "Ip.InAddrErrors": "not for this host, and forwarding is off",
  "Ip.InUnknownProtos": "nobody here speaks its protocol",
  "Ip.InDiscards": "thrown away on arrival",
  "Ip.OutDiscards": "thrown away when sent",
  "Ip.OutNoRoutes": "no way to where it should go",
  "Ip.ReasmFails": "a piece of it did not come",
  "Ip.FragFails": "too big, and must not be cut up",
  "IpExt.InNoRoutes": "came, and there was no way on",
  "IpExt.InTruncatedPkts": "shorter than its header says",
  "IpExt.InCsumErrors": "damaged on the way",
  "Ip6.InHdrErrors": "bad header, or lived too long",
  "Ip6.InTooBigErrors": "too big for the way on",
  "Ip6.InNoRoutes": "came, and there was no way on",
  "Ip6.InAddrErrors": "not for this host",
  "Ip6.InDiscards": "thrown away on arrival",
  "Ip6.OutDiscards": "thrown away when sent",
  "Ip6.OutNoRoutes": "no way to where it should go",
  "Tcp.AttemptFails": "connections that did not come about",
  "Tcp.InErrs": "damaged on the way",
  "Tcp.OutRsts": "connections that were refused or broken off",
  "TcpExt.ListenOverflows": "a server accepts too slowly: connections were turned away",
  "TcpExt.ListenDrops": "connections that a server did not get",
  "TcpExt.TCPTimeouts": "not acknowledged in time",
  "TcpExt.TCPRetransFail": "could not be sent once more",
  "TcpExt.TCPBacklogDrop": "a program reads too slowly",
  "TcpExt.TCPRcvQDrop": "a program reads too slowly",
  "TcpExt.TCPMemoryPressures": "memory for connections was short",
  "TcpExt.IPReversePathFilter": "came in where its sender is not reached (rp_filter)",
  "TcpExt.LockDroppedIcmps": "reports of errors that came at a bad moment",
  "Udp.NoPorts": "nobody listens on that port",
  "Udp.InErrors": "could not be given to a program",
  "Udp.RcvbufErrors": "a program reads too slowly",
  "Udp.SndbufErrors": "a program sends too fast",
  "Udp.InCsumErrors": "damaged on the way",
  "Udp6.NoPorts": "nobody listens on that port",
  "Udp6.InErrors": "could not be given to a program",
  "Udp6.RcvbufErrors": "a program reads too slowly",
  "Udp6.SndbufErrors": "a program sends too fast",
};

/** Of the statistics of connection tracking. */
const TRACKING_MEANINGS: Readonly<Record<string, string>> = {
  insert_failed: "no free port to translate to, or two began at once",
  drop: "the table of connections was full, or a connection could not be entered",
  early_drop: "the table of connections was full: an old one had to go",
  error: "did not belong to a valid packet",
  chain_toolong: "the table of connections was too full",
};

/** The most first, the host before containers. */
export function dropCounters(view: SnapshotView): DropCounter[] {
  return view.snapshot.namespaces.flatMap((namespace) =>
    [...ofProtocols(namespace), ...ofTracking(namespace), ...ofLinks(namespace)]
      .map((counter) => ({ place: namespace.key, ...counter }))
      .toSorted((one, other) => other.value - one.value),
  );
}

type Counter = Omit<DropCounter, "place">;

function ofProtocols({ counters, sysctls }: NamespaceState): Counter[] {
  // Where IPv6 is off everything is thrown away that others send to all.
  const isOff = Object.entries(sysctls).some(([key, value]) => IPV6_SWITCH.test(key) && value === "1");
  return Object.entries(counters).flatMap(([name, value]) =>
    isOff && name === "Ip6.InDiscards" ? [] : counted(name, value, MEANINGS[name]),
  );
}

const IPV6_SWITCH = /^net\.ipv6\.conf\..+\.disable_ipv6$/;

const ofTracking = ({ conntrack }: NamespaceState): Counter[] =>
  Object.entries(conntrack?.statistics ?? {}).flatMap(([name, value]) =>
    counted(`Conntrack.${name}`, value, TRACKING_MEANINGS[name]),
  );

const ofLinks = ({ links }: NamespaceState): Counter[] =>
  links.flatMap(({ name, statistics, qdiscs }) => [
    ...counted(`Link.${name}.receivedDropped`, statistics.receivedDropped, "thrown away by the device on arrival"),
    ...counted(`Link.${name}.sentDropped`, statistics.sentDropped, "thrown away by the device when sent"),
    ...qdiscs.flatMap(({ kind, dropped }) =>
      counted(`Queue.${name}.${kind}`, dropped, "the queue was full: a limit of its rate"),
    ),
  ]);

const counted = (name: string, value: number, meaning: string | undefined): Counter[] =>
  meaning === undefined || value === 0 ? [] : [{ name, value, meaning }];
