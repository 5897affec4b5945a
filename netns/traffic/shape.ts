import { notFound } from "../../lib/errors.ts";
import { deleteLink, findLink, type Link } from "../netlink/link.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import type { ShapeRequest } from "../types.ts";
import { limitReceiving, strayIntermediates, unlimitReceiving } from "./intermediate-link.ts";
import { limitSending, unlimitSending } from "./token-bucket.ts";

/**
 * Limits, or ceases to limit, what a container sends or receives on one interface. It is done at the host's end of the
 * cable, where a container cannot undo it. May be repeated: the last rate counts, and connections go on.
 * @param netlink socket of the engine's namespace
 * @param hostInterface the host's end: `veth1a2b3c4`
 * @throws `notFound` when it does not exist; `unsupported` (`CTR_SHAPING_UNSUPPORTED`) naming the kernel module that is
 *   missing; {@link NetlinkError}
 */
export function shape(netlink: NetlinkSocket, hostInterface: string, { rateBps, ingress }: ShapeRequest): void {
  const link = requireLink(netlink, hostInterface);
  // What the container receives is what the host's end sends.
  if (ingress && rateBps > 0) limitSending(netlink, link.index, rateBps);
  else if (ingress) unlimitSending(netlink, link.index);
  else if (rateBps > 0) limitReceiving(netlink, link, rateBps);
  else unlimitReceiving(netlink, link);
}

/** Takes both limits away; call it before the cable is deleted, with which one of them does not go by itself. */
export function unshape(netlink: NetlinkSocket, hostInterface: string): void {
  const link = findLink(netlink, hostInterface);
  if (link !== undefined) unlimitSending(netlink, link.index);
  unlimitReceiving(netlink, link ?? { index: 0, name: hostInterface });
}

/** Deletes what limits of cables that do not exist any more have left behind. @returns the names of the links */
export function removeStrayShapes(netlink: NetlinkSocket): string[] {
  return strayIntermediates(netlink).filter((name) => deleteLink(netlink, name));
}

function requireLink(netlink: NetlinkSocket, name: string): Link {
  const link = findLink(netlink, name);
  if (link !== undefined) return link;
  throw notFound(`there is no interface ${name}`, "CTR_INTERFACE_NOT_FOUND");
}
