/** Which host ports are taken by which container. Pure: knows nothing of sockets. */
import type { Protocol } from "../types.ts";

export const ALL_ADDRESSES = "0.0.0.0";

export interface HostPort {
  readonly protocol: Protocol;
  /** `0.0.0.0` for all addresses. */
  readonly hostIp: string;
  readonly port: number;
}

export interface PortHolder {
  readonly containerId: string;
  /** Names the container in messages. */
  readonly describe: string;
}

export class PortTable {
  /** `tcp 8080` → address → holder. */
  readonly #holders = new Map<string, Map<string, PortHolder>>();

  /**
   * Who stands in the way: a port on one address excludes the same port on that address and on all of them.
   * @returns the address on which the port is taken, and by whom; undefined when it is free
   */
  conflict({ protocol, hostIp, port }: HostPort): { readonly hostIp: string; readonly holder: PortHolder } | undefined {
    const taken = this.#holders.get(`${protocol} ${port}`);
    for (const [address, holder] of taken ?? []) {
      if (hostIp === ALL_ADDRESSES || address === ALL_ADDRESSES || address === hostIp) {
        return { hostIp: address, holder };
      }
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
