/** The address that the kernel gives to a packet whose sender has bound none. */
import { bitsOf, type Family, readAddress } from "../../../ipam/ip.ts";
import type { LinkState } from "../../types/index.ts";
import type { LinkAddress, NamespaceModel } from "../namespace.ts";
import { isLinkLocal, isLoopback } from "../packet.ts";
import type { FibResult } from "./fib.ts";

/** @returns undefined when there is none of the family */
export function chooseSource(
  namespace: NamespaceModel,
  family: Family,
  destination: bigint,
  route: FibResult,
): bigint | undefined {
  const preferred = route.route?.preferredSource;
  const address = preferred === undefined ? undefined : readAddress(preferred);
  if (address?.family === family) return address.value;
  if (route.kind === "local") return destination;
  return family === 4 ? choose4(namespace, destination, route) : choose6(namespace, destination, route);
}

/** inet_select_addr in net/ipv4/devinet.c: the first address beside the next hop, else the first of the device, else any. */
function choose4(namespace: NamespaceModel, destination: bigint, { device, gateway }: FibResult): bigint | undefined {
  const link = namespace.link(device);
  const nextHop = (gateway === undefined ? undefined : readAddress(gateway)?.value) ?? destination;
  const own = usable(namespace, link, 4);
  const beside = own.find(({ value, prefixLength }) => sharedBits(4, value, nextHop) >= prefixLength);
  const [first] = own;
  return (beside ?? first ?? elsewhere(namespace, 4))?.value;
}

/** RFC 6724, the rules that tell addresses of one host apart: scope, the outgoing link, the longest common prefix. */
function choose6(namespace: NamespaceModel, destination: bigint, { device }: FibResult): bigint | undefined {
  const scored = namespace.state.links.flatMap((link) =>
    usable(namespace, link, 6).map((address) => ({
      value: address.value,
      score: [
        Number(address.value === destination),
        Number(isLinkLocal(6, address.value) === isLinkLocal(6, destination)),
        Number(link.name === device),
        sharedBits(6, address.value, destination),
      ],
    })),
  );
  const candidates = scored.filter(({ value }) => isLinkLocal(6, destination) || !isLinkLocal(6, value));
  const fitting = candidates.length > 0 ? candidates : scored;
  return fitting.toSorted((one, other) => compare(other.score, one.score))[0]?.value;
}

function usable(namespace: NamespaceModel, link: LinkState | undefined, family: Family): readonly LinkAddress[] {
  if (link === undefined) return [];
  return namespace
    .addressesOf(link)
    .filter((own) => own.family === family && own.state === "ready" && !isLoopback(family, own.value));
}

const elsewhere = (namespace: NamespaceModel, family: Family): LinkAddress | undefined =>
  namespace.state.links.flatMap((link) => (link.up ? usable(namespace, link, family) : []))[0];

function sharedBits(family: Family, one: bigint, other: bigint): number {
  const difference = one ^ other;
  return bitsOf(family) - (difference === 0n ? 0 : difference.toString(2).length);
}

function compare(one: readonly number[], other: readonly number[]): number {
  const index = one.findIndex((value, at) => value !== other[at]);
  return index < 0 ? 0 : (one[index] ?? 0) - (other[index] ?? 0);
}
