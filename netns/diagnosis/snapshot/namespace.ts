/** Everything of one network namespace. */
import { statSync } from "node:fs";
import { messageOf } from "../../../lib/errors.ts";
import { NetlinkSocket } from "../../netlink/transport.ts";
import { HOST, type NamespaceState } from "../types/index.ts";
import { readAddresses } from "./addresses.ts";
import type { ConntrackReader } from "./conntrack.ts";
import { readCounters } from "./counters.ts";
import { readIptables } from "./iptables.ts";
import { dumpLinks, linksOf, nameOf, type ReadLink } from "./links.ts";
import { readFdb, readNeighbours } from "./neighbours.ts";
import { readRuleset } from "./nftables.ts";
import { namespaceId } from "./other-ends.ts";
import { type Queues, readQueues } from "./queues.ts";
import { readRoutes } from "./routes.ts";
import { readRules } from "./rules.ts";
import { type ReadSocket, readSockets } from "./sockets.ts";
import type { SysctlReader } from "./sysctls.ts";

/** What is known once all namespaces are read comes later: other ends of cables, who has a socket open, files. */
export interface ReadState extends Omit<NamespaceState, "links" | "sockets" | "resolvConf" | "hosts"> {
  readonly links: readonly ReadLink[];
  readonly sockets: readonly ReadSocket[];
  /** Number that this namespace knows the host's by; undefined for the host, and where no link leads there. */
  readonly hostId: number | undefined;
}

export interface NamespaceOptions {
  readonly key: string;
  /** Open descriptor of the host's namespace; undefined for the host itself. */
  readonly host: number | undefined;
  readonly sysctls: SysctlReader;
  readonly conntrack: ConntrackReader;
  /** Calls what only one thread may do at a time. */
  readonly exclusively: <T>(body: () => T) => T;
  /** Is told what could not be read. */
  readonly missing: (what: string, why: string) => void;
}

/** Reads the namespace that the thread is in. Nothing that cannot be read is a reason to fail. */
export function readNamespace({ key, host, sysctls, conntrack, exclusively, missing }: NamespaceOptions): ReadState {
  const part = <T>(what: string, read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      missing(what, messageOf(error));
      return otherwise;
    }
  };
  using netlink = NetlinkSocket.open();
  const messages = part("links", () => dumpLinks(netlink), []);
  const names = new Map(messages.map((message) => [message.readInt32LE(4), nameOf(message)]));
  const queues = part<Queues>("queues", () => readQueues(netlink, [...names.keys()]), {
    qdiscs: new Map(),
    filters: new Map(),
  });
  const addresses = part("addresses", () => readAddresses(netlink), new Map());
  const links = linksOf(messages, { ...queues, addresses });
  const hasBridge = links.some(({ kind }) => kind === "bridge");
  const ruleset = part("nftables", () => exclusively(readRuleset), undefined);
  return {
    key,
    inode: statSync("/proc/thread-self/ns/net").ino,
    links,
    routes: part("routes", () => readRoutes(netlink, names), []),
    rules: part("routing rules", () => readRules(netlink), []),
    neighbours: part("neighbours", () => readNeighbours(netlink, names), []),
    fdb: hasBridge ? part("forwarding tables of bridges", () => readFdb(netlink, names), []) : [],
    sysctls: part("sysctls", () => sysctls.read(messages, key === HOST || hasBridge), {}),
    nftables: ruleset?.nftables,
    nftGeneration: ruleset?.generation,
    iptables: part("iptables", () => readIptables(ruleset?.nftables, missing), []),
    sockets: part("sockets", () => readSockets(names), []),
    conntrack: part("tracked connections", () => conntrack.read(), undefined),
    counters: part("counters", readCounters, {}),
    hostId: host === undefined ? undefined : namespaceId(netlink, host),
  };
}
