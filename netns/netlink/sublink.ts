/** Links that share another link's cable: macvlan, ipvlan, vlan; and dummies, which lead nowhere. See ip-link(8). */
import { concat, mac, nested, text, u16, u32 } from "./codec.ts";
import {
  IpvlanAttribute,
  IpvlanFlag,
  IpvlanMode,
  LinkAttribute,
  LinkInfoAttribute,
  MacvlanAttribute,
  MacvlanMode,
  VlanAttribute,
} from "./constants.ts";
import { createLink, ifinfomsg } from "./link.ts";
import type { NetlinkSocket } from "./transport.ts";

interface SublinkOptions {
  readonly name: string;
  /** Index of the parent. */
  readonly parent: number;
  /** Bytes; the parent's when absent. */
  readonly mtu?: number;
  /** Open file descriptor of the network namespace the link is born in; the socket's when absent. */
  readonly namespaceFd?: number;
}

export interface MacvlanOptions extends SublinkOptions {
  readonly macAddress: string;
  readonly mode: keyof typeof MacvlanMode;
}

/** Makes a link with a hardware address of its own on its parent's cable, down. @throws {NetlinkError} */
export function createMacvlan(netlink: NetlinkSocket, options: MacvlanOptions): void {
  createSublink(netlink, "macvlan", options, [
    mac(LinkAttribute.address, options.macAddress),
    kindOf("macvlan", u32(MacvlanAttribute.mode, MacvlanMode[options.mode])),
  ]);
}

export interface IpvlanOptions extends SublinkOptions {
  readonly mode: keyof typeof IpvlanMode;
  readonly flag: keyof typeof IpvlanFlag;
}

/** Makes a link with its parent's hardware address and IP addresses of its own, down. @throws {NetlinkError} */
export function createIpvlan(netlink: NetlinkSocket, options: IpvlanOptions): void {
  const mode = u16(IpvlanAttribute.mode, IpvlanMode[options.mode]);
  const flags = u16(IpvlanAttribute.flags, IpvlanFlag[options.flag]);
  createSublink(netlink, "ipvlan", options, [kindOf("ipvlan", concat([mode, flags]))]);
}

export interface VlanOptions extends SublinkOptions {
  /** 1 to 4094 (IEEE 802.1Q). */
  readonly id: number;
}

/** Makes a link that sends and receives its parent's frames with one VLAN tag, down. @throws {NetlinkError} */
export function createVlan(netlink: NetlinkSocket, options: VlanOptions): void {
  createSublink(netlink, "vlan", options, [kindOf("vlan", u16(VlanAttribute.id, options.id))]);
}

/** Makes a link that swallows what is sent, down. @throws {NetlinkError} */
export function createDummy(netlink: NetlinkSocket, name: string): void {
  createLink(netlink, `create dummy ${name}`, [ifinfomsg(), text(LinkAttribute.name, name), kindOf("dummy")]);
}

function createSublink(netlink: NetlinkSocket, kind: string, options: SublinkOptions, parts: readonly Buffer[]): void {
  const { name, parent, mtu, namespaceFd } = options;
  createLink(netlink, `create ${kind} ${name}`, [
    ifinfomsg(),
    text(LinkAttribute.name, name),
    u32(LinkAttribute.parent, parent),
    mtu === undefined ? undefined : u32(LinkAttribute.mtu, mtu),
    namespaceFd === undefined ? undefined : u32(LinkAttribute.namespaceFd, namespaceFd),
    ...parts,
  ]);
}

function kindOf(kind: string, data?: Buffer): Buffer {
  const parts = [text(LinkInfoAttribute.kind, kind), data && nested(LinkInfoAttribute.data, [data])];
  return nested(LinkAttribute.linkInfo, parts);
}
