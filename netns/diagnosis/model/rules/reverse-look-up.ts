/** The expression `fib` of nftables and the matches addrtype and rpfilter of iptables: rules that ask the routes. */

import type { FibResult } from "../fib/fib.ts";
import type { NamespaceModel } from "../namespace.ts";
import type { RuleContext } from "./types.ts";

export interface FibQuestion {
  readonly address: "source" | "destination";
  /** The link that the route has to lead over; undefined for any. */
  readonly device: string | undefined;
  readonly withMark: boolean;
}

/** See nft_fib4_eval: a route to one end of the packet, seen from the other one. Only routes to elsewhere count. */
export function routeOf(context: RuleContext, { address, device, withMark }: FibQuestion): FibResult | undefined {
  const { namespace, packet } = context;
  const { family, source, destination, mark } = packet;
  const isSource = address === "source";
  const result = namespace.fib.look({
    family,
    destination: isSource ? source : destination,
    source: isSource ? destination : source,
    mark: withMark ? mark : 0n,
    inputDevice: context.inputLink?.name ?? "lo",
  });
  if (result.kind !== "unicast") return undefined;
  const devices = [result.device, ...(result.route?.nexthops.map((nexthop) => nexthop.device) ?? [])];
  return device === undefined || devices.includes(device) ? result : undefined;
}

export function typeOfAddress(
  context: RuleContext,
  { address, device }: Pick<FibQuestion, "address" | "device">,
): ReturnType<NamespaceModel["fib"]["addressType"]> {
  const { namespace, packet } = context;
  const value = address === "source" ? packet.source : packet.destination;
  return namespace.fib.addressType(packet.family, value, device);
}
