/** What became of one connection in the kernel's table of tracked connections. See linux/netfilter/nfnetlink_conntrack.h */

import {
  ConntrackAttribute,
  ConntrackMessage,
  IpAttribute,
  ProtocolAttribute,
  TupleAttribute,
} from "../../conntrack/constants.ts";
import { addressBytes } from "../../dns/wire/address.ts";
import { bytes, concat, nested, parseAttributes, u8 } from "../../netlink/codec.ts";
import { AF_INET, AF_INET6, NETLINK_NETFILTER } from "../../netlink/constants.ts";
import { NetlinkError, NetlinkSocket } from "../../netlink/transport.ts";
import { entryOf } from "../snapshot/conntrack.ts";
import { readSmallFile } from "../snapshot/proc-files.ts";
import type { ConntrackEntryState, Flow, PacketHeader } from "../types/index.ts";
import { protocolNumber } from "./packet.ts";
import { EchoType } from "./selection.ts";

const HEADER_LENGTH = 4;
/** CTA_STATUS */
const STATUS = 3;
/** CTA_PROTO_* of ICMP and ICMPv6. */
const Icmp = { 4: { id: 4, type: 5, code: 6 }, 6: { id: 7, type: 8, code: 9 } } as const;

/**
 * The entry of a flow as its first packet was when it came to the namespace that the thread is in. The kernel finds it
 * at once, without looking through its table.
 * @param echo number of an ICMP flow's echo
 * @returns undefined when there is none, or nothing is tracked here
 */
export function trackedConnection(flow: Flow, first: PacketHeader, echo: number): ConntrackEntryState | undefined {
  if (readSmallFile("/proc/sys/net/netfilter/nf_conntrack_count") === undefined) return undefined;
  using netlink = NetlinkSocket.open(NETLINK_NETFILTER);
  try {
    const [answer] = netlink.request("find a tracked connection", ConntrackMessage.get, 0, request(flow, first, echo));
    if (answer === undefined) return undefined;
    const attributes = parseAttributes(answer, HEADER_LENGTH);
    return entryOf(answer, attributes, attributes.get(STATUS)?.readUInt32BE(0) ?? 0);
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function request({ family, protocol }: Flow, first: PacketHeader, echo: number): Buffer {
  const [source, destination] =
    family === 4 ? [IpAttribute.source4, IpAttribute.destination4] : [IpAttribute.source6, IpAttribute.destination6];
  const { id, type, code } = Icmp[family];
  const ends =
    protocol === "icmp"
      ? [be16(id, echo), u8(type, EchoType[family].request), u8(code, 0)]
      : [
          be16(ProtocolAttribute.sourcePort, first.sourcePort),
          be16(ProtocolAttribute.destinationPort, first.destinationPort),
        ];
  return concat([
    Buffer.from([family === 4 ? AF_INET : AF_INET6, 0, 0, 0]),
    nested(ConntrackAttribute.original, [
      nested(TupleAttribute.ip, [
        bytes(source, addressBytes(first.source)),
        bytes(destination, addressBytes(first.destination)),
      ]),
      nested(TupleAttribute.protocol, [u8(ProtocolAttribute.number, protocolNumber(protocol, family)), ...ends]),
    ]),
  ]);
}

const be16 = (type: number, value: number): Buffer => bytes(type, Uint8Array.of(value >> 8, value & 255));
