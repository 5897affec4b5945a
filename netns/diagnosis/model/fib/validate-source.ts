/** Whether the kernel takes a packet of that source from that link: fib_validate_source in net/ipv4/fib_frontend.c. */
import type { LinkState } from "../../types/index.ts";
import type { NamespaceModel } from "../namespace.ts";
import type { Packet } from "../packet.ts";

export type SourceFault =
  /** The source is an address of this namespace itself. */
  | { readonly kind: "own-address" }
  /** The way back to the source leads over another link, or there is none (rp_filter). */
  | { readonly kind: "reverse-path"; readonly expectedDevice: string | undefined; readonly key: string };

/** IPv4 alone: the kernel has no such check for IPv6. */
export function findSourceFault(namespace: NamespaceModel, packet: Packet, link: LinkState): SourceFault | undefined {
  if (packet.family !== 4) return undefined;
  const { value: filter, key } = strictness(namespace, link.name);
  const acceptsLocal = either(namespace, link.name, "accept_local");
  const isOwn = namespace.fib.addressType(4, packet.source) === "local";
  if (isOwn) return acceptsLocal ? undefined : { kind: "own-address" };
  if (filter === 0) return undefined;
  const mark = either(namespace, link.name, "src_valid_mark") ? packet.mark : 0n;
  const reverse = { family: 4, destination: packet.source, source: packet.destination, mark } as const;
  const back = namespace.fib.look({ ...reverse, inputDevice: link.name });
  const isReached = back.kind === "unicast" && uses(back.route?.nexthops, back.device, link.name);
  if (isReached) return undefined;
  const hasAddress = namespace.addressesOf(link).some(({ family }) => family === 4);
  const fault: SourceFault = { kind: "reverse-path", expectedDevice: back.device, key };
  if (back.kind !== "unicast" || !hasAddress) return fault;
  return filter === 1 ? fault : undefined;
}

/** The stricter of what holds for all links and for this one: 0 off, 1 strict, 2 loose. */
function strictness(namespace: NamespaceModel, link: string): { readonly value: number; readonly key: string } {
  const all = namespace.linkSysctl(4, "all", "rp_filter") ?? 0;
  const own = namespace.linkSysctl(4, link, "rp_filter") ?? 0;
  return { value: Math.max(all, own), key: `net.ipv4.conf.${own >= all ? link : "all"}.rp_filter` };
}

const either = (namespace: NamespaceModel, link: string, name: string): boolean =>
  ["all", link].some((where) => (namespace.linkSysctl(4, where, name) ?? 0) > 0);

const uses = (
  nexthops: readonly { readonly device: string | undefined }[] | undefined,
  device: string | undefined,
  link: string,
): boolean => device === link || (nexthops ?? []).some((nexthop) => nexthop.device === link);
