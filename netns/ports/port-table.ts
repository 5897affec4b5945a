/** Which host ports are taken by which container. Pure: knows nothing of sockets. */
import type { Protocol } from "../types.ts";
import { ALL_ADDRESSES, ALL_ADDRESSES_6, isIpv6 } from "./host-address.ts";

export interface HostPort {
  readonly protocol: Protocol;
  /** IPv4 or IPv6; `0.0.0.0` or `::` for all addresses of the family. */
  readonly hostIp: string;
  readonly port: number;
}

export interface PortHolder {
  readonly containerId: string;
  readonly containerName: string;
}

/** True when one port number cannot be on both: all addresses of a family exclude each one of it. */
export function addressesCollide(a: string, b: string): boolean {
  if (a === b) return true;
  const all = isIpv6(a) ? ALL_ADDRESSES_6 : ALL_ADDRESSES;
  return isIpv6(a) === isIpv6(b) && (a === all || b === all);
}

export class PortTable {
  /** `tcp 8080` → address → holder. */
  readonly #holders = new Map<string, Map<string, PortHolder>>();

  /**
   * Who stands in the way.
   * @returns the address on which the port is taken, and by whom; undefined when it is free
   */
  conflict({ protocol, hostIp, port }: HostPort): { readonly hostIp: string; readonly holder: PortHolder } | undefined {
    for (const [address, holder] of this.#holders.get(`${protocol} ${port}`) ?? []) {
      if (addressesCollide(address, hostIp)) return { hostIp: address, holder };
    }
    return undefined;
  }

  take({ protocol, hostIp, port }: HostPort, holder: PortHolder): void {
    const key = `${protocol} ${port}`;
    const taken = this.#holders.get(key) ?? new Map<string, PortHolder>();
    taken.set(hostIp, holder);
    this.#holders.set(key, taken);
  }

  free({ protocol, hostIp, port }: HostPort): void {
    const key = `${protocol} ${port}`;
    const taken = this.#holders.get(key);
    taken?.delete(hostIp);
    if (taken?.size === 0) this.#holders.delete(key);
  }
}
