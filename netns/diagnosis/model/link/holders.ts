/** Who answers on a segment when an address is asked for (ARP, neighbour discovery). */
import type { Family } from "../../../ipam/ip.ts";
import { addressText } from "../packet.ts";
import type { Port, World } from "../world.ts";
import { attachmentOf, findPath, isSame, type Path } from "./path.ts";

export interface Holder {
  /** Where the question arrives. */
  readonly port: Port;
  readonly path: Path;
  /** It answers for somebody else (proxy_arp). */
  readonly isProxy: boolean;
}

export function findHolders(world: World, from: Port, family: Family, address: bigint): readonly Holder[] {
  const own = world.holdersOf(addressText(family, address)).filter(({ namespace }) => namespace !== from.namespace);
  const holders = own.flatMap((holder) => reachedAt(world, from, holder, family));
  const distinct = holders.filter(
    ({ port }, index) => holders.findIndex((other) => isSame(other.port, port)) === index,
  );
  return distinct.length > 0 ? distinct : findProxy(world, from, family, address);
}

/**
 * Linux answers for all its addresses on all its links (arp_ignore = 0), for IPv6 on the one that has the address.
 */
function reachedAt(world: World, from: Port, holder: Port, family: Family): Holder[] {
  const direct = findPath(world, from, holder);
  if (direct !== undefined) return [{ port: holder, path: direct, isProxy: false }];
  if (family === 6) return [];
  const { namespace } = holder;
  for (const link of namespace.state.links) {
    if (link === holder.link || link.name === "lo") continue;
    const path = findPath(world, from, { namespace, link });
    const ignores = (where: string): number => namespace.linkSysctl(4, where, "arp_ignore") ?? 0;
    if (path !== undefined && Math.max(ignores("all"), ignores(link.name)) === 0) {
      return [{ port: { namespace, link }, path, isProxy: false }];
    }
  }
  return [];
}

/** The bridge, or the other end of the cable, answers in the name of what it routes elsewhere. */
function findProxy(world: World, from: Port, family: Family, address: bigint): Holder[] {
  if (family === 6) return [];
  const attachment = attachmentOf(world, from);
  const port =
    attachment.kind === "bridge"
      ? { namespace: attachment.namespace, link: attachment.bridge }
      : attachment.kind === "cable"
        ? attachment.other
        : undefined;
  if (port === undefined || port.namespace === from.namespace) return [];
  const { namespace, link } = port;
  const isOn = ["all", link.name].some((where) => namespace.linkSysctl(4, where, "proxy_arp") === 1);
  const path = isOn ? findPath(world, from, port) : undefined;
  const route = path && namespace.fib.look({ family, destination: address, inputDevice: link.name, mark: 0n });
  const leadsElsewhere = route?.kind === "unicast" && route.device !== link.name;
  return path !== undefined && leadsElsewhere ? [{ port, path, isProxy: true }] : [];
}
