/** Connections that the kernel tracks. See linux/netfilter/nfnetlink_conntrack.h and the kernel's nf_conntrack-sysctl. */
import {
  ConntrackAttribute,
  ConntrackMessage,
  IpAttribute,
  ProtocolAttribute,
  TupleAttribute,
} from "../../conntrack/constants.ts";
import { concat, parseAttributes, u32 } from "../../netlink/codec.ts";
import { AF_INET, AF_UNSPEC, NETLINK_NETFILTER } from "../../netlink/constants.ts";
import { NetlinkSocket } from "../../netlink/transport.ts";
import type { ConntrackEntryState, ConntrackState, Tuple } from "../types/index.ts";
import { addressText, nestedIn } from "./codec.ts";
import { readSmallFile } from "./proc-files.ts";

const HEADER_LENGTH = 4;
/** CTA_*, those that {@link ConntrackAttribute} lacks. */
const Attribute = { status: 3, protocolInfo: 4, timeout: 7, statusMask: 26 } as const;
/** CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE */
const TCP = 1;
const TCP_STATE = 1;
/** IPS_* */
const Status = { seenReply: 1 << 1, assured: 1 << 2, sourceNat: 1 << 4, destinationNat: 1 << 5 } as const;
/** CTA_STATS_GLOBAL_ENTRIES */
const GLOBAL_ENTRIES = 1;
/** CTA_STATS_* by number. */
const STATISTICS: Readonly<Record<number, string>> = {
  2: "found",
  4: "invalid",
  8: "insert",
  9: "insert_failed",
  10: "drop",
  11: "early_drop",
  12: "error",
  13: "search_restart",
  14: "clash_resolve",
  15: "chain_toolong",
};
/** Of enum tcp_conntrack, by number. */
const TCP_STATES = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
];
const PROTOCOLS: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp" };

/** From more entries than this only those that were translated are asked for: each costs some microseconds. */
const ALL_UP_TO = 10_000;
const LARGEST_LIST = 5000;

/** Reads what is tracked in one namespace after the other. */
export class ConntrackReader {
  readonly #concerns: (address: string) => boolean;
  /** One limit is for all namespaces; undefined while none was seen. */
  #max: number | undefined;

  /** @param concerns whether an untranslated flow is worth telling: it has an address of a container */
  constructor(concerns: (address: string) => boolean) {
    this.#concerns = concerns;
  }

  /** Of the namespace that the thread is in. @returns undefined where nothing is tracked */
  read(): ConntrackState | undefined {
    const max = this.#readMax();
    // Asking the kernel would load the module.
    if (max === undefined) return undefined;
    using netlink = NetlinkSocket.open(NETLINK_NETFILTER);
    const count = readCount(netlink);
    const entries = new Entries(this.#concerns);
    // The kernel looks through its whole table for a list, 8 ms on an ordinary host, and the table is one for all namespaces.
    if (count > ALL_UP_TO) entries.readTranslated();
    else if (count > 0) entries.readAll();
    return {
      ...{ count, max, statistics: readStatistics(netlink) },
      ...{ entries: entries.list, truncated: entries.truncated || count > ALL_UP_TO },
    };
  }

  #readMax(): number | undefined {
    if (this.#max === undefined) {
      const text = readSmallFile("/proc/sys/net/netfilter/nf_conntrack_max");
      this.#max = text === undefined ? undefined : Number(text);
    }
    return this.#max;
  }
}

function readCount(netlink: NetlinkSocket): number {
  const [answer] = netlink.request("count tracked flows", ConntrackMessage.statistics, 0, header());
  return answer === undefined ? 0 : (parseAttributes(answer, HEADER_LENGTH).get(GLOBAL_ENTRIES)?.readUInt32BE() ?? 0);
}

/** Sums over the processors. @param netlink to netfilter, in the namespace that it is about */
export function readStatistics(netlink: NetlinkSocket): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const message of netlink.dump("read statistics of tracking", ConntrackMessage.statisticsByProcessor, header())) {
    for (const [type, value] of parseAttributes(message, HEADER_LENGTH)) {
      const name = STATISTICS[type];
      if (name !== undefined) sums[name] = (sums[name] ?? 0) + value.readUInt32BE();
    }
  }
  return sums;
}

class Entries {
  readonly list: ConntrackEntryState[] = [];
  truncated = false;
  readonly #concerns: (address: string) => boolean;

  constructor(concerns: (address: string) => boolean) {
    this.#concerns = concerns;
  }

  readAll(): void {
    this.#read(header());
  }

  /** Kernels before 5.8 do not choose, and give all. */
  readTranslated(): void {
    this.#read(withStatus(Status.destinationNat));
    this.#read(withStatus(Status.sourceNat), Status.destinationNat);
  }

  /** @param seen flows of this status are in the list already */
  #read(request: Buffer, seen = 0): void {
    if (this.truncated) return;
    // A list that is left before its end leaves a socket that is good for nothing else.
    using netlink = NetlinkSocket.open(NETLINK_NETFILTER);
    netlink.dumpEach("list tracked flows", ConntrackMessage.get, request, (message) => {
      const attributes = parseAttributes(message, HEADER_LENGTH);
      const status = attributes.get(Attribute.status)?.readUInt32BE() ?? 0;
      if ((status & seen) !== 0) return true;
      const entry = entryOf(message, attributes, status);
      if (!this.#isWanted(entry, status)) return true;
      if (this.list.length === LARGEST_LIST) {
        this.truncated = true;
        return false;
      }
      this.list.push(entry);
      return true;
    });
  }

  #isWanted({ original, reply }: ConntrackEntryState, status: number): boolean {
    if ((status & (Status.sourceNat | Status.destinationNat)) !== 0) return true;
    return [original.source, original.destination, reply.source].some(this.#concerns);
  }
}

const header = (): Buffer => Buffer.from([AF_UNSPEC, 0, 0, 0]);

function withStatus(status: number): Buffer {
  const value = (type: number): Buffer => {
    const attribute = u32(type, 0);
    attribute.writeUInt32BE(status, 4);
    return attribute;
  };
  return concat([header(), value(Attribute.status), value(Attribute.statusMask)]);
}

/** An entry as the kernel tells it. */
export function entryOf(message: Buffer, attributes: ReadonlyMap<number, Buffer>, status: number): ConntrackEntryState {
  const original = attributes.get(ConntrackAttribute.original);
  const protocol = nestedIn(nestedIn(original).get(TupleAttribute.protocol)).get(ProtocolAttribute.number)?.[0] ?? 0;
  const tcp = nestedIn(nestedIn(attributes.get(Attribute.protocolInfo)).get(TCP));
  const state = tcp.get(TCP_STATE)?.[0];
  return {
    protocol: PROTOCOLS[protocol] ?? String(protocol),
    family: message.readUInt8(0) === AF_INET ? 4 : 6,
    original: tupleOf(original),
    reply: tupleOf(attributes.get(ConntrackAttribute.reply)),
    state: state === undefined ? "" : (TCP_STATES[state] ?? String(state)),
    replied: (status & Status.seenReply) !== 0,
    assured: (status & Status.assured) !== 0,
    timeout: attributes.get(Attribute.timeout)?.readUInt32BE() ?? 0,
  };
}

function tupleOf(value: Buffer | undefined): Tuple {
  const parts = nestedIn(value);
  const addresses = nestedIn(parts.get(TupleAttribute.ip));
  const protocol = nestedIn(parts.get(TupleAttribute.protocol));
  const { source4, source6, destination4, destination6 } = IpAttribute;
  return {
    source: addressText(addresses.get(source4) ?? addresses.get(source6)) ?? "",
    destination: addressText(addresses.get(destination4) ?? addresses.get(destination6)) ?? "",
    sourcePort: protocol.get(ProtocolAttribute.sourcePort)?.readUInt16BE() ?? 0,
    destinationPort: protocol.get(ProtocolAttribute.destinationPort)?.readUInt16BE() ?? 0,
  };
}
