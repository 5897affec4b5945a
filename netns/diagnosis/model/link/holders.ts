/** Who answers on a segment when an address is asked for (ARP, neighbour discovery). */
import type { Family } from "../../../ipam/ip.ts";
import { isWithin } from "../fib/prefixes.ts";
import type { NamespaceModel } from "../namespace.ts";
import { addressText } from "../packet.ts";
import type { Port, World } from "../world.ts";
import { attachmentOf, findPath, isSame, type Path } from "./path.ts";

export interface Holder {
  /** Where the question arrives. */
  readonly port: Port;
  readonly path: Path;
  /** It answers for somebody else (proxy_arp). */
  readonly isProxy: boolean;
  /** The setting that keeps it from answering. */
  readonly ignoredBy: string | undefined;
}

export function findHolders(world: World, from: Port, family: Family, address: bigint): readonly Holder[] {
  const own = world.holdersOf(addressText(family, address)).filter(({ namespace }) => namespace !== from.namespace);
  const holders = own.flatMap((holder) => reachedAt(world, from, holder, family, address));
  const distinct = holders.filter(
    ({ port }, index) => holders.findIndex((other) => isSame(other.port, port)) === index,
  );
  return [...distinct, ...findProxy(world, from, family, address)];
}

/**
 * Linux answers for all its addresses on all its links (arp_ignore = 0), for IPv6 on the one that has the address.
 */
function reachedAt(world: World, from: Port, holder: Port, family: Family, address: bigint): Holder[] {
  const direct = findPath(world, from, holder);
  if (direct !== undefined) {
    const ignoredBy = family === 4 ? whyIgnored(from, holder, address) : undefined;
    return [{ port: holder, path: direct, isProxy: false, ignoredBy }];
  }
  if (family === 6) return [];
  const { namespace } = holder;
  for (const link of namespace.state.links) {
    if (link === holder.link || link.name === "lo") continue;
    const path = findPath(world, from, { namespace, link });
    if (path !== undefined && arpIgnore(namespace, link.name).value === 0) {
      return [{ port: { namespace, link }, path, isProxy: false, ignoredBy: undefined }];
    }
  }
  return [];
}

/** The stricter of what holds for all links and for this one, see ip-sysctl. */
function arpIgnore(namespace: NamespaceModel, link: string): { readonly value: number; readonly key: string } {
  const all = namespace.linkSysctl(4, "all", "arp_ignore") ?? 0;
  const own = namespace.linkSysctl(4, link, "arp_ignore") ?? 0;
  return { value: Math.max(all, own), key: `net.ipv4.conf.${own >= all ? link : "all"}.arp_ignore` };
}

/** 2: only who is in the address's own subnet is answered; 8: nobody is. 1 and 3 concern addresses of other links. */
function whyIgnored(from: Port, { namespace, link }: Port, address: bigint): string | undefined {
  const { value, key } = arpIgnore(namespace, link.name);
  if (value >= 8) return key;
  const own = namespace.addressesOf(link).find((each) => each.family === 4 && each.value === address);
  if (value !== 2 || own === undefined) return undefined;
  const subnet = { family: 4, address: own.value, prefixLength: own.prefixLength } as const;
  const isBeside = from.namespace
    .addressesOf(from.link)
    .some((each) => each.family === 4 && isWithin(subnet, each.value));
  return isBeside ? undefined : key;
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
  return path !== undefined && leadsElsewhere ? [{ port, path, isProxy: true, ignoredBy: undefined }] : [];
}
