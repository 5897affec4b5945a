/** Which bindings must get one and the same host port. Pure. */
import type { PortBinding, Protocol } from "../types.ts";
import { ALL_ADDRESSES } from "./host-address.ts";
import { addressesCollide } from "./port-table.ts";

/** Bindings of one container port on several addresses, which get one and the same host port. */
export interface PortGroup {
  readonly protocol: Protocol;
  readonly addresses: string[];
  /** 0 for any ephemeral port. */
  readonly first: number;
  readonly last: number;
  /** Places in the caller's list, in the order of `addresses`. */
  readonly indexes: number[];
}

/** Ports that the user named come first, then ranges, so that no ephemeral one takes them. */
export function groupBindings(bindings: readonly PortBinding[]): PortGroup[] {
  const groups: PortGroup[] = [];
  const choices = new Map<string, PortGroup>();
  for (const [index, binding] of bindings.entries()) {
    const { protocol, containerPort, hostPort: first, hostPortEnd: last = first } = binding;
    const address = binding.hostIp || ALL_ADDRESSES;
    const key = `${protocol} ${containerPort} ${first} ${last}`;
    const partner = choices.get(key);
    if (partner !== undefined && !partner.addresses.some((other) => addressesCollide(other, address))) {
      partner.addresses.push(address);
      partner.indexes.push(index);
      continue;
    }
    const group: PortGroup = { protocol, addresses: [address], first, last, indexes: [index] };
    groups.push(group);
    if (isChoice(group)) choices.set(key, group);
  }
  const rank = (group: PortGroup): number => (group.first === 0 ? 2 : isChoice(group) ? 1 : 0);
  return groups.sort((a, b) => rank(a) - rank(b));
}

/** True when any of several ports will do. */
export const isChoice = ({ first, last }: PortGroup): boolean => first === 0 || last > first;
