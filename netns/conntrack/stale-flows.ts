/** Which flows are to be forgotten, and how to ask the kernel for them. Pure. */
import { type Address, readAddress } from "../ipam/ip.ts";
import type { StaleUdp } from "./conntrack.ts";
import { addressKey, type ConntrackEntry, type EntryFilter, IPV4_LOOPBACK } from "./entry.ts";

type Ports = NonNullable<StaleUdp["ports"]>;

/** So many lists of few entries are asked for rather than one of all UDP flows, each of which costs 5 µs to look at. */
const MOST_LISTS = 4;

export class StaleFlows {
  /** Port → {@link addressKey}s of the host addresses that it stands for; `4` and `6` for all of a family. */
  readonly #ports = new Map<number, Set<string>>();
  readonly #addresses = new Map<string, Address>();

  /** @returns whether any of them matters */
  addPorts(ports: Ports): boolean {
    const udp = ports.filter(({ protocol }) => protocol === "udp");
    for (const { hostIp, hostPort } of udp) {
      const keys = this.#ports.get(hostPort) ?? new Set();
      this.#ports.set(hostPort, keys.add(hostKey(hostIp)));
    }
    return udp.length > 0;
  }

  /** @returns whether any of them matters */
  addAddresses(addresses: readonly string[]): boolean {
    const known = addresses.flatMap((text) => readAddress(text) ?? []);
    for (const address of known) this.#addresses.set(addressKey(address), address);
    return known.length > 0;
  }

  /** What to ask for; the answers may hold other flows as well. */
  filters(): EntryFilter[] {
    return ([4, 6] as const).flatMap((family) => {
      const single = [...this.#portFilters(family), ...this.#addressFilters(family)];
      return single.length > MOST_LISTS ? [{ family }] : single;
    });
  }

  /** @param isLocal the host's own addresses */
  has(entry: ConntrackEntry, localAddresses: () => readonly string[]): boolean {
    if (this.#addresses.has(entry.source) || this.#addresses.has(entry.replySource)) return true;
    const hosts = this.#ports.get(entry.destinationPort);
    if (hosts === undefined) return false;
    const all = entry.destination.length === 4 ? "4" : "6";
    return hosts.has(entry.destination) || (hosts.has(all) && isLocal(entry.destination, localAddresses()));
  }

  #portFilters(family: 4 | 6): EntryFilter[] {
    const length = family === 4 ? 4 : 16;
    const isOfFamily = (key: string): boolean => key === String(family) || key.length === length;
    return [...this.#ports].flatMap(([destinationPort, hosts]) =>
      [...hosts].some(isOfFamily) ? [{ family, destinationPort }] : [],
    );
  }

  #addressFilters(family: 4 | 6): EntryFilter[] {
    return [...this.#addresses.values()]
      .filter((address) => address.family === family)
      .flatMap((address) => [
        { family, source: address },
        { family, replySource: address },
      ]);
  }
}

function hostKey(hostIp: string): string {
  if (hostIp === "" || hostIp === "0.0.0.0") return "4";
  const address = readAddress(hostIp);
  return hostIp === "::" || address === undefined ? "6" : addressKey(address);
}

function isLocal(key: string, addresses: readonly string[]): boolean {
  if (key.length === 4 && key.startsWith(IPV4_LOOPBACK)) return true;
  return addresses.some((text) => {
    const address = readAddress(text);
    return address !== undefined && addressKey(address) === key;
  });
}
