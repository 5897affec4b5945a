/** What the kernel has learned of hardware addresses, and how it forgets it. See rtnetlink(7), RTM_DELNEIGH, bridge(8). */
import { type Address, formatAddress } from "../ipam/ip.ts";
import { concat, ip, mac as macOf, parseAttributes, readMac } from "./codec.ts";
import { AF_BRIDGE, AF_INET, AF_INET6, MessageType } from "./constants.ts";
import { NetlinkError, type NetlinkSocket } from "./transport.ts";

/** struct ndmsg */
const NDMSG_LENGTH = 12;
/** NDA_* */
const Attribute = { destination: 1, mac: 2 } as const;
/** The bridge's own table, and not that of the link below it. */
const NTF_MASTER = 0x04;
/** Somebody has set it by hand. */
const NUD_PERMANENT = 0x80;

/**
 * Forgets who has an IP address, where it is believed to be a certain hardware address: the next packet asks anew. An entry
 * that was set by hand stays.
 * @param link index of the link on which the neighbour is
 * @returns false when there is no such entry
 * @throws {NetlinkError}
 */
export function forgetNeighbour(netlink: NetlinkSocket, link: number, address: Address, believed: string): boolean {
  const family = address.family === 4 ? AF_INET : AF_INET6;
  const payload = concat([ndmsg(family, link), ip(Attribute.destination, address)]);
  const what = `neighbour ${formatAddress(address)} of link ${link}`;
  return unlessGone(() => {
    const [entry] = netlink.request(`read ${what}`, MessageType.getNeighbour, 0, payload);
    if (entry === undefined || (entry.readUInt16LE(8) & NUD_PERMANENT) !== 0) return false;
    if (readMac(parseAttributes(entry, NDMSG_LENGTH).get(Attribute.mac)) !== believed) return false;
    netlink.request(`forget ${what}`, MessageType.deleteNeighbour, 0, payload);
    return true;
  });
}

/**
 * Takes a hardware address off the port at which a bridge believes it to be.
 * @param port index of a link that is a port of a bridge
 * @returns false when it is not believed to be there
 * @throws {NetlinkError}
 */
export function forgetBehindPort(netlink: NetlinkSocket, port: number, address: string): boolean {
  const payload = concat([ndmsg(AF_BRIDGE, port, NTF_MASTER), macOf(Attribute.mac, address)]);
  return unlessGone(() => {
    netlink.request(`forget ${address} behind link ${port}`, MessageType.deleteNeighbour, 0, payload);
    return true;
  });
}

function ndmsg(family: number, link: number, flags = 0): Buffer {
  const header = Buffer.alloc(NDMSG_LENGTH);
  header.writeUInt8(family, 0);
  header.writeInt32LE(link, 4);
  header.writeUInt8(flags, 10);
  return header;
}

function unlessGone(body: () => boolean): boolean {
  try {
    return body();
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "ENOENT") return false;
    throw error;
  }
}
