/** Hardware addresses: of neighbours, and behind which port of a bridge. See rtnetlink(7), linux/neighbour.h, bridge(8). */
import { parseAttributes, readMac, readU32 } from "../../netlink/codec.ts";
import { AF_BRIDGE, AF_INET, AF_INET6, AF_UNSPEC, MessageType } from "../../netlink/constants.ts";
import type { NetlinkSocket } from "../../netlink/transport.ts";
import type { FdbEntry, NeighbourState } from "../types/index.ts";
import { addressText } from "./codec.ts";

/** struct ndmsg */
const HEADER_LENGTH = 12;
/** NDA_* */
const Attribute = { destination: 1, mac: 2, master: 9 } as const;
/** NUD_* */
const STATES: Readonly<Record<number, string>> = {
  1: "incomplete",
  2: "reachable",
  4: "stale",
  8: "delay",
  16: "probe",
  32: "failed",
  64: "noarp",
  128: "permanent",
};
const NOARP = 0x40;
const PERMANENT = 0x80;
/** NTF_STICKY */
const STICKY = 0x40;

/** Those of multicast are left out: the kernel makes them itself, and nobody answers for them. */
export function readNeighbours(netlink: NetlinkSocket, names: ReadonlyMap<number, string>): NeighbourState[] {
  return dump(netlink, AF_UNSPEC).flatMap((message) => {
    const family = familyOf(message.readUInt8(0));
    const attributes = parseAttributes(message, HEADER_LENGTH);
    const address = addressText(attributes.get(Attribute.destination));
    const device = names.get(message.readInt32LE(4));
    if (family === undefined || address === undefined || device === undefined || isMulticast(address)) return [];
    const state = message.readUInt16LE(8);
    const mac = readMac(attributes.get(Attribute.mac));
    return { family, address, device, mac: mac === "" ? undefined : mac, state: STATES[state] ?? "none" };
  });
}

const familyOf = (number: number): 4 | 6 | undefined => (number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined);

/** 224.0.0.0/4, the broadcast address, ff00::/8 */
const isMulticast = (address: string): boolean => /^(?:2(?:2[4-9]|3\d)\.|255\.255\.255\.255$|ff)/.test(address);

/** Entries of the bridges' forwarding tables. */
export function readFdb(netlink: NetlinkSocket, names: ReadonlyMap<number, string>): FdbEntry[] {
  return dump(netlink, AF_BRIDGE).flatMap((message) => {
    const attributes = parseAttributes(message, HEADER_LENGTH);
    const device = names.get(message.readInt32LE(4));
    const master = readU32(attributes.get(Attribute.master));
    // Without a bridge it is an address that a link itself listens to.
    if (device === undefined || master === undefined) return [];
    const state = message.readUInt16LE(8);
    return {
      mac: readMac(attributes.get(Attribute.mac)),
      device,
      bridge: names.get(master),
      state: (state & PERMANENT) !== 0 ? "permanent" : (state & NOARP) !== 0 ? "static" : "",
      sticky: (message.readUInt8(10) & STICKY) !== 0,
    };
  });
}

function dump(netlink: NetlinkSocket, family: number): Buffer[] {
  const request = Buffer.alloc(HEADER_LENGTH);
  request.writeUInt8(family, 0);
  return netlink.dump("list neighbours", MessageType.getNeighbour, request);
}
