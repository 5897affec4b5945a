/** What the words in the JSON of nft stand for, by the type of the expression that they are compared with. */
import { lastOf, readAddress, readCidr, subnetOf } from "../../../ipam/ip.ts";
import { number, type Pattern } from "../rules/scalar.ts";

export type DataType =
  | "address"
  | "port"
  | "protocol"
  | "link"
  | "mac"
  | "number"
  | "family"
  | "state"
  | "status"
  | "direction"
  | "icmpType"
  | "icmpCode"
  | "icmp6Type"
  | "packetType"
  | "addressType"
  | "etherType"
  | "tcpFlags"
  | "operation"
  | "linkType"
  | "day"
  | "unknown";

/** Bits of `ct state`, see nf_tables' NF_CT_STATE_*. */
export const CtState = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const;

/** Bits of `ct status`, IPS_*. */
export const CtStatus = {
  expected: 1,
  "seen-reply": 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
} as const;

export const EtherType = { ip: 0x800, arp: 0x806, "8021q": 0x8100, ip6: 0x86dd } as const;

/** Kinds of routes, RTN_*. */
export const AddressTypeNumber = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const;

export const PacketType = { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 } as const;

const WORDS: Partial<Record<DataType, Readonly<Record<string, number>>>> = {
  protocol: {
    icmp: 1,
    igmp: 2,
    tcp: 6,
    udp: 17,
    gre: 47,
    esp: 50,
    ah: 51,
    "ipv6-icmp": 58,
    icmpv6: 58,
    comp: 108,
    dccp: 33,
    sctp: 132,
    udplite: 136,
  },
  family: { ipv4: 2, arp: 3, netdev: 5, bridge: 7, ipv6: 10 },
  state: CtState,
  status: CtStatus,
  direction: { original: 0, reply: 1 },
  icmpType: {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    redirect: 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
    "timestamp-reply": 14,
    "info-request": 15,
    "info-reply": 16,
    "address-mask-request": 17,
    "address-mask-reply": 18,
  },
  icmpCode: {
    "net-unreachable": 0,
    "host-unreachable": 1,
    "prot-unreachable": 2,
    "port-unreachable": 3,
    "frag-needed": 4,
    "net-prohibited": 9,
    "host-prohibited": 10,
    "admin-prohibited": 13,
  },
  icmp6Type: {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo-reply": 129,
    "mld-listener-query": 130,
    "mld-listener-report": 131,
    "mld-listener-done": 132,
    "mld-listener-reduction": 132,
    "nd-router-solicit": 133,
    "nd-router-advert": 134,
    "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136,
    "nd-redirect": 137,
    "router-renumbering": 138,
    "ind-neighbor-solicit": 141,
    "ind-neighbor-advert": 142,
    "mld2-listener-report": 143,
  },
  packetType: PacketType,
  addressType: AddressTypeNumber,
  etherType: EtherType,
  tcpFlags: { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
  operation: { request: 1, reply: 2, rrequest: 3, rreply: 4, inrequest: 8, inreply: 9, nak: 10 },
  day: { Sunday: 0, Monday: 1, Tuesday: 2, Wednesday: 3, Thursday: 4, Friday: 5, Saturday: 6 },
  linkType: { ether: 1, loopback: 772, ppp: 512, ipip: 768, ipip6: 769 },
};

/** Several of their words at once are alternatives of bits. */
export const isBits = (type: DataType): boolean => type === "state" || type === "status" || type === "tcpFlags";

/** A word or a number of nft's JSON as a pattern. */
export function readPattern(type: DataType, json: unknown): Pattern {
  if (json === "*") return type === "link" ? { text: "", open: true } : "any";
  if (typeof json === "boolean") return number(json ? 1 : 0);
  if (typeof json === "number") return number(json);
  if (typeof json === "string") return readWord(type, json);
  return readStructure(type, json);
}

function readWord(type: DataType, word: string): Pattern {
  if (type === "link")
    return word.endsWith("*") ? { text: word.slice(0, -1), open: true } : { text: word, open: false };
  if (type === "mac") return { text: word.toLowerCase(), open: false };
  if (type === "address") {
    const address = readAddress(word);
    return address === undefined ? "unknown" : number(address.value);
  }
  const value = WORDS[type]?.[word];
  if (value !== undefined) return number(value);
  return /^(0x[0-9a-f]+|\d+)$/i.test(word) ? number(BigInt(word)) : "unknown";
}

function readStructure(type: DataType, json: unknown): Pattern {
  if (typeof json !== "object" || json === null) return "unknown";
  const { prefix, range, elem } = json as { prefix?: Prefix; range?: [unknown, unknown]; elem?: { val: unknown } };
  if (elem !== undefined) return readPattern(type, elem.val);
  if (prefix !== undefined) return readPrefix(prefix);
  if (range !== undefined) return readRange(type, range);
  const bits = bitsOfWords(type, json);
  return bits === undefined ? "unknown" : number(bits);
}

interface Prefix {
  readonly addr: string;
  readonly len: number;
}

function readPrefix({ addr, len }: Prefix): Pattern {
  const cidr = readCidr(`${addr}/${len}`);
  return cidr === undefined ? "unknown" : { low: subnetOf(cidr).address, high: lastOf(cidr) };
}

function readRange(type: DataType, [from, to]: readonly [unknown, unknown]): Pattern {
  const low = readPattern(type, from);
  const high = readPattern(type, to);
  if (typeof low !== "object" || !("low" in low) || typeof high !== "object" || !("low" in high)) return "unknown";
  return { low: low.low, high: high.high };
}

/** `["fin", "syn"]` and `{"|": ["fin", "syn"]}`. @returns undefined when one of the words is not known */
export function bitsOfWords(type: DataType, json: unknown): bigint | undefined {
  const words = Array.isArray(json) ? json : (json as { "|"?: unknown } | null)?.["|"];
  if (!Array.isArray(words)) {
    const single = readPattern(type, json);
    return typeof single === "object" && "low" in single && single.low === single.high ? single.low : undefined;
  }
  const bits = words.map((word) => bitsOfWords(type, word));
  return bits.reduce<bigint | undefined>(
    (sum, each) => (sum === undefined || each === undefined ? undefined : sum | each),
    0n,
  );
}
