/** IP addresses of all links, those that the kernel gave itself (fe80::/64) too. See rtnetlink(7), RTM_GETADDR. */
import { parseAttributes, readU32 } from "../../netlink/codec.ts";
import { AddressAttribute, MessageType } from "../../netlink/constants.ts";
import type { NetlinkSocket } from "../../netlink/transport.ts";
import type { AddressState } from "../types/index.ts";
import { addressText } from "./codec.ts";

const IFADDRMSG_LENGTH = 8;
/** IFA_FLAGS */
const FLAGS = 8;
/** IFA_F_* */
const DUPLICATE = 0x08;
const TENTATIVE = 0x40;

/** @returns by index of the link */
export function readAddresses(netlink: NetlinkSocket): Map<number, AddressState[]> {
  const byLink = new Map<number, AddressState[]>();
  for (const message of netlink.dump("list addresses", MessageType.getAddress, Buffer.alloc(IFADDRMSG_LENGTH))) {
    const attributes = parseAttributes(message, IFADDRMSG_LENGTH);
    const address = addressText(attributes.get(AddressAttribute.local) ?? attributes.get(AddressAttribute.address));
    if (address === undefined) continue;
    const index = message.readUInt32LE(4);
    const flags = readU32(attributes.get(FLAGS)) ?? message.readUInt8(2);
    const known = byLink.get(index) ?? [];
    known.push({ address, prefixLength: message.readUInt8(1), state: stateOf(flags) });
    byLink.set(index, known);
  }
  return byLink;
}

function stateOf(flags: number): AddressState["state"] {
  if ((flags & DUPLICATE) !== 0) return "failed";
  return (flags & TENTATIVE) === 0 ? "ready" : "tentative";
}
