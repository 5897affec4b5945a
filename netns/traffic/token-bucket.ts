/** A queue that lets packets out at a rate. See tc-tbf(8). */
import { unsupported } from "../../lib/errors.ts";
import { type Attribute, bytes, concat, nested, text, u32 } from "../netlink/codec.ts";
import { MessageFlag } from "../netlink/constants.ts";
import { NetlinkError, type NetlinkSocket } from "../netlink/transport.ts";
import { Parent, TC_LINKLAYER_ETHERNET, TokenBucketAttribute, TrafficAttribute, TrafficMessage } from "./constants.ts";

/** Bytes that may go out at once: ten milliseconds' worth, and a few packets of any size at least. */
const SMALLEST_BURST = 16 * 1024;
const BURST_S = 0.01;
/** Packets wait for at most a tenth of a second; what comes then is dropped, so that senders slow down. */
const WAIT_S = 0.1;
const SMALLEST_QUEUE = 64 * 1024;

const HANDLE = 0x0001_0000;
const LARGEST_U32 = 0xffff_ffff;

/**
 * Limits what a link sends; a limit that is there already is changed, and no packet is lost by that.
 * @param link index
 * @param bitsPerSecond at least 8
 * @throws {NetlinkError}; `unsupported` when the kernel lacks it
 */
export function limitSending(netlink: NetlinkSocket, link: number, bitsPerSecond: number): void {
  const rate = Math.max(1, Math.floor(bitsPerSecond / 8));
  const burst = Math.max(SMALLEST_BURST, Math.floor(rate * BURST_S));
  const queue = burst + Math.max(SMALLEST_QUEUE, Math.floor(rate * WAIT_S));
  const payload = concat([
    tcmsg(link, HANDLE, Parent.root),
    text(TrafficAttribute.kind, "tbf"),
    nested(TrafficAttribute.options, [
      bytes(TokenBucketAttribute.parameters, parameters(rate, queue)),
      rate > LARGEST_U32 ? u64(TokenBucketAttribute.rate64, rate) : undefined,
      u32(TokenBucketAttribute.burst, Math.min(burst, LARGEST_U32)),
    ]),
  ]);
  requireModule("sch_tbf", () =>
    netlink.request(
      `limit link ${link} to ${bitsPerSecond} bit/s`,
      TrafficMessage.newQdisc,
      MessageFlag.create | MessageFlag.replace,
      payload,
    ),
  );
}

/** Lets a link send as fast as it can. Without complaint when it does. */
export function unlimitSending(netlink: NetlinkSocket, link: number): void {
  deleteQdisc(netlink, link, HANDLE, Parent.root);
}

export function deleteQdisc(netlink: NetlinkSocket, link: number, handle: number, parent: number): void {
  try {
    const operation = `take the limit of link ${link} away`;
    netlink.request(operation, TrafficMessage.deleteQdisc, 0, tcmsg(link, handle, parent));
  } catch (error) {
    if (!(error instanceof NetlinkError) || !NOT_THERE.has(error.code)) throw error;
  }
}

/** The answers when a link has no such discipline: none at all, or another one. */
const NOT_THERE: ReadonlySet<string> = new Set(["ENOENT", "EINVAL", "ENODEV"]);

/** @throws `unsupported`, with the names of the modules, when the kernel does not know what is asked for */
export function requireModule(modules: string, request: () => void): void {
  try {
    request();
  } catch (error) {
    if (!(error instanceof NetlinkError) || !UNKNOWN.has(error.code)) throw error;
    throw unsupported(`cannot limit the rate: the kernel lacks ${modules} (${error.message})`, {
      code: "CTR_SHAPING_UNSUPPORTED",
      hint: `modprobe ${modules}`,
      cause: error,
    });
  }
}

const UNKNOWN: ReadonlySet<string> = new Set(["ENOENT", "EOPNOTSUPP", "ENOTSUP"]);

/** struct tcmsg @param info of filters: priority and protocol */
export function tcmsg(link: number, handle: number, parent: number, info = 0): Buffer {
  const buffer = Buffer.alloc(20);
  buffer.writeInt32LE(link, 4);
  buffer.writeUInt32LE(handle, 8);
  buffer.writeUInt32LE(parent, 12);
  buffer.writeUInt32LE(info, 16);
  return buffer;
}

/** struct tc_tbf_qopt: rate and peak rate as struct tc_ratespec, then limit, buffer and mtu. */
function parameters(rate: number, queue: number): Buffer {
  const buffer = Buffer.alloc(36);
  buffer.writeUInt8(TC_LINKLAYER_ETHERNET, 1);
  buffer.writeUInt32LE(Math.min(rate, LARGEST_U32), 8);
  buffer.writeUInt32LE(Math.min(queue, LARGEST_U32), 24);
  return buffer;
}

function u64(type: number, value: number): Attribute {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return bytes(type, buffer);
}
