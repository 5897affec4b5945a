/** Queues of links and the filters that hang on them. See tc(8), rtnetlink(7) and linux/{rtnetlink,pkt_sched}.h. */
import { attachedPrograms, BpfAttachType } from "../../../lib/system/bpf.ts";
import { parseAttributes, readText } from "../../netlink/codec.ts";
import { MessageType } from "../../netlink/constants.ts";
import type { NetlinkSocket } from "../../netlink/transport.ts";
import { INGRESS_HANDLE, TokenBucketAttribute, TrafficAttribute } from "../../traffic/constants.ts";
import type { QdiscState } from "../types/index.ts";
import { nestedIn } from "./codec.ts";

const TCMSG_LENGTH = 20;
/** TCA_STATS2, and TCA_STATS_QUEUE in it: struct gnet_stats_queue. */
const STATISTICS = 7;
const QUEUE = 3;
/** Of struct tc_tbf_qopt: where the rate stands in the struct tc_ratespec at its beginning. */
const RATE_OFFSET = 8;
/** RTM_GETTCLASS. */
const GET_CLASS = 42;
/** TCA_HTB_*; struct tc_htb_glob has the default class, struct tc_htb_opt two of struct tc_ratespec. */
const HtbAttribute = { parameters: 1, init: 2, rate64: 6, ceiling64: 7 } as const;
const DEFAULT_CLASS_OFFSET = 8;
const CEILING_OFFSET = 20;
/** Those that a link gets without anybody asking; no filter hangs on them. */
const PLAIN = new Set(["noqueue", "pfifo_fast", "fq_codel", "fq", "mq", "pfifo", "bfifo", "tbf"]);
/** TC_H_*: where a queue hangs that is no child of another. */
const ROOT = 0xffff_ffff;
const INGRESS = 0xffff_fff1;
/** Parents of the filters of `clsact`. */
const CLSACT_PARENTS: readonly number[] = [0xffff_fff2, 0xffff_fff3];

export interface Queues {
  /** By index of the link. */
  readonly qdiscs: ReadonlyMap<number, readonly QdiscState[]>;
  readonly filters: ReadonlyMap<number, readonly string[]>;
}

/** @param indices of all links of the socket's namespace, which the thread must be in */
export function readQueues(netlink: NetlinkSocket, indices: readonly number[]): Queues {
  const qdiscs = new Map<number, QdiscState[]>();
  const filters = attachedTo(indices);
  for (const message of netlink.dump("list queues", MessageType.getQdisc, Buffer.alloc(TCMSG_LENGTH))) {
    const index = message.readInt32LE(4);
    const state = qdiscOf(message);
    const rate = state.kind === "htb" ? rateOfDefault(netlink, index, message) : state.rate;
    add(qdiscs, index, [{ ...state, rate }]);
    for (const parent of filterParents(state.kind, message)) add(filters, index, readFilters(netlink, index, parent));
  }
  return { qdiscs, filters };
}

function add<T>(lists: Map<number, T[]>, index: number, more: readonly T[]): void {
  if (more.length > 0) lists.set(index, [...(lists.get(index) ?? []), ...more]);
}

function qdiscOf(message: Buffer): QdiscState {
  const attributes = parseAttributes(message, TCMSG_LENGTH);
  const kind = readText(attributes.get(TrafficAttribute.kind));
  const queue = nestedIn(attributes.get(STATISTICS)).get(QUEUE);
  return {
    kind,
    handle: handleText(message.readUInt32LE(8)),
    parent: handleText(message.readUInt32LE(12)),
    dropped: queue?.readUInt32LE(8) ?? 0,
    overlimits: queue?.readUInt32LE(16) ?? 0,
    rate: kind === "tbf" ? rateOf(attributes.get(TrafficAttribute.options)) : undefined,
  };
}

function rateOf(options: Buffer | undefined): number | undefined {
  const parts = nestedIn(options);
  const large = parts.get(TokenBucketAttribute.rate64);
  if (large !== undefined) return Number(large.readBigUInt64LE());
  return parts.get(TokenBucketAttribute.parameters)?.readUInt32LE(RATE_OFFSET);
}

/**
 * Of an HTB queue: what its class for everything else lets through, see tc-htb(8). What filters lead elsewhere is not told.
 * @returns bytes a second; undefined without such a class, when packets pass unlimited
 */
function rateOfDefault(netlink: NetlinkSocket, index: number, qdisc: Buffer): number | undefined {
  const options = nestedIn(parseAttributes(qdisc, TCMSG_LENGTH).get(TrafficAttribute.options));
  const minor = options.get(HtbAttribute.init)?.readUInt32LE(DEFAULT_CLASS_OFFSET) ?? 0;
  const wanted = ((qdisc.readUInt32LE(8) & 0xffff_0000) | minor) >>> 0;
  const request = Buffer.alloc(TCMSG_LENGTH);
  request.writeInt32LE(index, 4);
  const [found] = netlink
    .dump(`list classes of link ${index}`, GET_CLASS, request)
    .filter((message) => minor !== 0 && message.readUInt32LE(8) === wanted);
  if (found === undefined) return undefined;
  const parts = nestedIn(parseAttributes(found, TCMSG_LENGTH).get(TrafficAttribute.options));
  // Who has nobody above to borrow from gets its own rate, others up to their ceiling.
  const isTop = found.readUInt32LE(12) === ROOT;
  const large = parts.get(isTop ? HtbAttribute.rate64 : HtbAttribute.ceiling64);
  if (large !== undefined) return Number(large.readBigUInt64LE());
  return parts.get(HtbAttribute.parameters)?.readUInt32LE(isTop ? RATE_OFFSET : CEILING_OFFSET);
}

/** As tc writes it: `8001:`, `1:10`, `root`. */
function handleText(handle: number): string {
  if (handle === ROOT) return "root";
  if (handle === INGRESS) return "ingress";
  const minor = handle & 0xffff;
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? "" : minor.toString(16)}`;
}

function filterParents(kind: string, message: Buffer): readonly number[] {
  if (PLAIN.has(kind)) return [];
  return kind === "clsact" ? CLSACT_PARENTS : [message.readUInt32LE(8)];
}

/** @returns `ingress: u32 pref 10`, `egress 1: u32 pref 10`, one for each */
function readFilters(netlink: NetlinkSocket, index: number, parent: number): string[] {
  const request = Buffer.alloc(TCMSG_LENGTH);
  request.writeInt32LE(index, 4);
  request.writeUInt32LE(parent, 12);
  const texts = netlink.dump(`list filters of link ${index}`, MessageType.getFilter, request).map((message) => {
    const kind = readText(parseAttributes(message, TCMSG_LENGTH).get(TrafficAttribute.kind));
    const priority = message.readUInt32LE(16) >>> 16;
    return `${placeText(parent)} ${kind} pref ${priority}`;
  });
  // A filter of several parts is listed part by part.
  return [...new Set(texts)];
}

function placeText(parent: number): string {
  const [ingress, egress] = CLSACT_PARENTS;
  if (parent === ingress || parent === INGRESS_HANDLE) return "ingress:";
  return parent === egress ? "egress:" : `egress ${handleText(parent)}`;
}

/** Programs that hang on links without a queue, since Linux 6.6 (tcx). They run before filters. @returns by index */
function attachedTo(indices: readonly number[]): Map<number, string[]> {
  const attached = new Map<number, string[]>();
  for (const [place, type] of [
    ["ingress", BpfAttachType.tcxIngress],
    ["egress", BpfAttachType.tcxEgress],
  ] as const) {
    for (const index of indices) {
      const programs = attachedPrograms(index, type);
      if (programs === undefined) return attached;
      add(
        attached,
        index,
        programs.map((id) => `${place}: bpf program ${id}`),
      );
    }
  }
  return attached;
}
