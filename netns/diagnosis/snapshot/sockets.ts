/** Sockets that wait for others: TCP's that listen, and all of UDP. See sock_diag(7) and linux/inet_diag.h. */
import { existsSync } from "node:fs";
import { parseAttributes } from "../../netlink/codec.ts";
import { AF_INET, AF_INET6, NETLINK_SOCK_DIAG } from "../../netlink/constants.ts";
import { NetlinkSocket } from "../../netlink/transport.ts";
import type { Protocol } from "../../types.ts";
import type { SocketState } from "../types/index.ts";
import { addressText } from "./codec.ts";

/** SOCK_DIAG_BY_FAMILY */
const BY_FAMILY = 20;
const REQUEST_LENGTH = 56;
/** struct inet_diag_msg */
const ANSWER_LENGTH = 72;
/** INET_DIAG_SKV6ONLY */
const V6_ONLY = 11;

/** TCP_* by number; UDP uses two of them. */
const STATES: Readonly<Record<number, string>> = { 1: "established", 7: "unconnected", 10: "listen" };
const LISTEN = 1 << 10;
const ESTABLISHED = 1 << 1;
const CLOSED = 1 << 7;

const PROTOCOLS: Readonly<Record<Protocol, { readonly number: number; readonly states: number }>> = {
  tcp: { number: 6, states: LISTEN },
  udp: { number: 17, states: ESTABLISHED | CLOSED },
  sctp: { number: 132, states: LISTEN },
};

/** `::ffff:192.0.2.1`, in hexadecimal. */
const EMBEDDED = /^::ffff:[0-9a-f]+:[0-9a-f]+$/;

/** A socket before it is known who has it open. */
export type ReadSocket = Omit<SocketState, "process">;

/** Of the namespace that the thread is in. @param names of links by index */
export function readSockets(names: ReadonlyMap<number, string> = new Map()): ReadSocket[] {
  using netlink = NetlinkSocket.open(NETLINK_SOCK_DIAG);
  // Asking for SCTP would load the kernel's module.
  const protocols: readonly Protocol[] = existsSync("/proc/thread-self/net/sctp")
    ? ["tcp", "udp", "sctp"]
    : ["tcp", "udp"];
  return protocols.flatMap((protocol) =>
    ([4, 6] as const).flatMap((family) =>
      netlink
        .dump(`list ${protocol} sockets`, BY_FAMILY, request(protocol, family))
        .map((message) => socketOf(message, protocol, family, names)),
    ),
  );
}

/** struct inet_diag_req_v2 */
function request(protocol: Protocol, family: 4 | 6): Buffer {
  const { number, states } = PROTOCOLS[protocol];
  const payload = Buffer.alloc(REQUEST_LENGTH);
  payload.writeUInt8(family === 4 ? AF_INET : AF_INET6, 0);
  payload.writeUInt8(number, 1);
  payload.writeUInt32LE(states, 4);
  return payload;
}

function socketOf(message: Buffer, protocol: Protocol, family: 4 | 6, names: ReadonlyMap<number, string>): ReadSocket {
  const state = STATES[message.readUInt8(1)] ?? String(message.readUInt8(1));
  const isListener = state === "listen";
  const address = addressText(message.subarray(8, family === 4 ? 12 : 24)) ?? "";
  const embedded = family === 6 && EMBEDDED.test(address) ? addressText(message.subarray(20, 24)) : undefined;
  const v6Only = family === 6 ? parseAttributes(message, ANSWER_LENGTH).get(V6_ONLY)?.[0] : undefined;
  // idiag_if: the link that the socket is bound to, or 0.
  const device = names.get(message.readUInt32LE(40));
  return {
    protocol,
    // A socket of IPv6 with an address of IPv4 serves that one alone.
    family: embedded === undefined ? family : 4,
    state,
    address: embedded ?? address,
    port: message.readUInt16BE(4),
    ...(device === undefined ? {} : { device }),
    v6Only: v6Only === undefined || embedded !== undefined ? undefined : v6Only !== 0,
    waiting: isListener ? message.readUInt32LE(56) : 0,
    backlog: isListener ? message.readUInt32LE(60) : 0,
    inode: message.readUInt32LE(68),
  };
}
