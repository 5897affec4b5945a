/**
 * Limits what a link receives. A queue can only hold back what is sent: incoming packets are led over a link of the kind
 * `ifb`, which sends them on to where they were going, and that one is limited. See tc-mirred(8).
 */
import { bytes, concat, nested, text } from "../netlink/codec.ts";
import { IFF_UP, LinkAttribute, LinkInfoAttribute, MessageFlag } from "../netlink/constants.ts";
import { createLink, deleteLink, findLink, ifinfomsg, type Link, listLinks } from "../netlink/link.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import {
  ActionAttribute,
  ETH_P_ALL,
  INGRESS_HANDLE,
  MIRRED_PARAMETERS,
  Parent,
  TC_ACT_STOLEN,
  TC_U32_TERMINAL,
  TCA_EGRESS_REDIR,
  TrafficAttribute,
  TrafficMessage,
  U32Attribute,
} from "./constants.ts";
import { deleteQdisc, limitSending, requireModule, tcmsg } from "./token-bucket.ts";

/** `veth1a2b3c4` → `ifb-1a2b3c4`. */
const intermediateOf = (link: string): string => `ifb-${link.replace(/^veth/, "")}`.slice(0, 15);

/**
 * Whole or nothing; a limit that is there already, or half of one, is brought to this.
 * @throws {NetlinkError}; `unsupported` when the kernel lacks it
 */
export function limitReceiving(netlink: NetlinkSocket, link: Link, bitsPerSecond: number): void {
  const name = intermediateOf(link.name);
  const present = findLink(netlink, name);
  try {
    const { index } = present ?? createIntermediate(netlink, name);
    limitSending(netlink, index, bitsPerSecond);
    leadOver(netlink, link.index, index);
  } catch (error) {
    if (present === undefined) unlimitReceiving(netlink, link);
    throw error;
  }
}

/** Without complaint when there is no limit. */
export function unlimitReceiving(netlink: NetlinkSocket, { index, name }: Pick<Link, "index" | "name">): void {
  // In this order: packets that are led to a link which is gone are dropped.
  deleteQdisc(netlink, index, INGRESS_HANDLE, Parent.ingress);
  deleteLink(netlink, intermediateOf(name));
}

/** Links of ours whose cable has gone, by a crash or because somebody deleted it. @returns their names */
export function strayIntermediates(netlink: NetlinkSocket): string[] {
  const links = listLinks(netlink);
  const kept = new Set(links.map(({ name }) => intermediateOf(name)));
  return links
    .filter(({ kind, name }) => kind === "ifb" && /^ifb-[0-9a-f]{7}$/.test(name) && !kept.has(name))
    .map(({ name }) => name);
}

function createIntermediate(netlink: NetlinkSocket, name: string): Link {
  requireModule("ifb", () =>
    createLink(netlink, `create link ${name}`, [
      ifinfomsg(0, IFF_UP, IFF_UP),
      text(LinkAttribute.name, name),
      nested(LinkAttribute.linkInfo, [text(LinkInfoAttribute.kind, "ifb")]),
    ]),
  );
  const link = findLink(netlink, name);
  if (link === undefined) throw new TypeError(`the link ${name} went as soon as it was made`);
  return link;
}

/** Both requests change nothing when it is so already. */
function leadOver(netlink: NetlinkSocket, from: number, to: number): void {
  const discipline = concat([tcmsg(from, INGRESS_HANDLE, Parent.ingress), text(TrafficAttribute.kind, "ingress")]);
  requireModule("sch_ingress", () =>
    netlink.request(`hold incoming packets of link ${from}`, TrafficMessage.newQdisc, MessageFlag.create, discipline),
  );
  const filter = concat([
    tcmsg(from, FILTER_HANDLE, INGRESS_HANDLE, filterInfo(FIRST_PRIORITY, ETH_P_ALL)),
    text(TrafficAttribute.kind, "u32"),
    nested(TrafficAttribute.options, [
      bytes(U32Attribute.selector, everything()),
      nested(U32Attribute.action, [redirection(to)]),
    ]),
  ]);
  requireModule("cls_u32 act_mirred", () =>
    netlink.request(`lead link ${from} over link ${to}`, TrafficMessage.newFilter, MessageFlag.create, filter),
  );
}

const FIRST_PRIORITY = 1;
/** `800::800`, the first filter of the first table. */
const FILTER_HANDLE = 0x8000_0800;

/** The protocol is in network order. */
const filterInfo = (priority: number, protocol: number): number =>
  ((priority << 16) | ((protocol & 0xff) << 8) | (protocol >> 8)) >>> 0;

/** struct tc_u32_sel with one struct tc_u32_key that compares no bit. */
function everything(): Buffer {
  const buffer = Buffer.alloc(16 + 16);
  buffer.writeUInt8(TC_U32_TERMINAL, 0);
  buffer.writeUInt8(1, 2);
  return buffer;
}

/** The one action of a list, with struct tc_mirred. */
function redirection(to: number): Buffer {
  const parameters = Buffer.alloc(28);
  parameters.writeInt32LE(TC_ACT_STOLEN, 8);
  parameters.writeInt32LE(TCA_EGRESS_REDIR, 20);
  parameters.writeUInt32LE(to, 24);
  return nested(1, [
    text(ActionAttribute.kind, "mirred"),
    nested(ActionAttribute.options, [bytes(MIRRED_PARAMETERS, parameters)]),
  ]);
}
