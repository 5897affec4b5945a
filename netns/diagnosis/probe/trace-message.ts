/** What the kernel tells about a traced packet (NFT_MSG_TRACE). Pure. Source of the numbers: linux/netfilter/nf_tables.h */
import { parseAttributes, readText } from "../../netlink/codec.ts";
import type { TracedVerdict } from "../types/index.ts";
import { type ParsedPacket, parsePacket } from "./packet.ts";

/** NFNL_SUBSYS_NFTABLES, NFT_MSG_TRACE */
export const TRACE_MESSAGE = (10 << 8) | 17;

const NFGENMSG_LENGTH = 4;
/** NFTA_TRACE_* */
const Attribute = {
  table: 1,
  chain: 2,
  ruleHandle: 3,
  type: 4,
  verdict: 5,
  id: 6,
  networkHeader: 8,
  transportHeader: 9,
  inputDevice: 10,
  outputDevice: 12,
  policy: 16,
} as const;
/** NFTA_VERDICT_* */
const Verdict = { code: 1, chain: 2 } as const;
/** NFT_TRACETYPE_* */
const KINDS: Readonly<Record<number, TracedVerdict["kind"]>> = { 1: "policy", 2: "return", 3: "rule" };
/** NF_* in the lowest byte, or the negative NFT_* of nftables' own. */
const VERDICTS: Readonly<Record<number, TracedVerdict["verdict"]>> = {
  0: "drop",
  1: "accept",
  2: "stolen",
  3: "queue",
  [-1]: "continue",
  [-2]: "continue",
  [-3]: "jump",
  [-4]: "goto",
  [-5]: "return",
};
/** NFPROTO_* */
const FAMILIES: Readonly<Record<number, string>> = {
  1: "inet",
  2: "ip",
  3: "arp",
  5: "netdev",
  7: "bridge",
  10: "ip6",
};

export interface TraceMessage {
  /** Of the packet. Given again to later packets, and not the same one for the whole way. */
  readonly id: number;
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly kind: TracedVerdict["kind"];
  readonly handle: number | undefined;
  readonly verdict: TracedVerdict["verdict"];
  readonly target: string | undefined;
  /** Indexes of links. */
  readonly inputDevice: number | undefined;
  readonly outputDevice: number | undefined;
  /** Only in the first message of each base chain. */
  readonly packet: ParsedPacket | undefined;
}

/** @param payload from the `nfgenmsg` on @returns undefined for what cannot be understood */
export function parseTrace(payload: Buffer): TraceMessage | undefined {
  if (payload.length < NFGENMSG_LENGTH) return undefined;
  const attributes = parseAttributes(payload, NFGENMSG_LENGTH);
  const number = (type: number): number | undefined => attributes.get(type)?.readUInt32BE(0);
  const kind = KINDS[number(Attribute.type) ?? 0];
  const id = number(Attribute.id);
  if (kind === undefined || id === undefined) return undefined;
  const { verdict, target } = readVerdict(attributes, kind);
  return {
    id,
    family: FAMILIES[payload.readUInt8(0)] ?? String(payload.readUInt8(0)),
    table: readText(attributes.get(Attribute.table)),
    chain: readText(attributes.get(Attribute.chain)),
    kind,
    handle: readHandle(attributes.get(Attribute.ruleHandle)),
    verdict,
    target,
    inputDevice: number(Attribute.inputDevice),
    outputDevice: number(Attribute.outputDevice),
    packet: readPacket(attributes),
  };
}

type Attributes = ReadonlyMap<number, Buffer>;

function readVerdict(attributes: Attributes, kind: TracedVerdict["kind"]): Pick<TraceMessage, "verdict" | "target"> {
  const policy = attributes.get(Attribute.policy);
  if (kind === "policy" && policy !== undefined)
    return { verdict: verdictOf(policy.readInt32BE(0)), target: undefined };
  const verdict = attributes.get(Attribute.verdict);
  if (verdict === undefined) return { verdict: kind === "return" ? "return" : "continue", target: undefined };
  const parts = parseAttributes(verdict);
  const target = readText(parts.get(Verdict.chain));
  return {
    verdict: verdictOf(parts.get(Verdict.code)?.readInt32BE(0) ?? -1),
    target: target === "" ? undefined : target,
  };
}

const verdictOf = (code: number): TracedVerdict["verdict"] => VERDICTS[code < 0 ? code : code & 0xff] ?? "continue";

/** Handles count from 1 and stay far below what a number holds. */
const readHandle = (value: Buffer | undefined): number | undefined =>
  value === undefined ? undefined : Number(value.readBigUInt64BE(0));

function readPacket(attributes: Attributes): ParsedPacket | undefined {
  const network = attributes.get(Attribute.networkHeader);
  return network && parsePacket(network, attributes.get(Attribute.transportHeader) ?? Buffer.alloc(0));
}
