import { networkInterfaces } from "node:os";
import { codeOf, messageOf } from "../../lib/errors.ts";
import { type Logger, silentLogger } from "../../lib/log.ts";
import { readAddress } from "../ipam/ip.ts";
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import { NetlinkSocket } from "../netlink/transport.ts";
import type { PublishedPort } from "../types.ts";
import { ConntrackMessage, IPPROTO_UDP } from "./constants.ts";
import { type ConntrackEntry, type EntryFilter, listRequest, parseEntry } from "./entry.ts";

/** What has come or gone. */
export interface StaleUdp {
  /** Only those of UDP matter. */
  readonly ports?: readonly Pick<PublishedPort, "protocol" | "hostIp" | "hostPort">[];
  /** Of containers, IPv4 or IPv6; empty ones are none. */
  readonly addresses?: readonly string[];
}

/** Of more ports all UDP flows are listed once, instead of those of each port: the kernel walks them all every time. */
const FEW_PORTS = 4;

/**
 * Connection tracking of the network namespace that it was opened in.
 *
 * The kernel looks a UDP flow up in the port maps only when its first packet comes; then it sends all packets the same way
 * until the flow has been silent for half a minute or more. A client that goes on sending would thus never reach the
 * container that a port, or an address, belongs to now. Docker has this fault where host and container port differ (moby 53384).
 */
export class Conntrack implements Disposable {
  readonly #netlink: NetlinkSocket;
  readonly #logger: Logger;

  private constructor(netlink: NetlinkSocket, logger: Logger) {
    this.#netlink = netlink;
    this.#logger = logger;
  }

  /** @throws {SystemCallError} when the kernel has no netfilter */
  static open({ logger = silentLogger }: { readonly logger?: Logger } = {}): Conntrack {
    return new Conntrack(NetlinkSocket.open(NETLINK_NETFILTER), logger);
  }

  /**
   * Makes the kernel forget UDP flows to host ports, and those from and to containers' addresses. Call it when the rules
   * have changed: after `publish` and `unpublish`, when a container got its address, and when it gave it up.
   * @returns how many it forgot. Failures are logged: a stale flow is no reason not to start a container
   */
  deleteStaleUdp({ ports = [], addresses = [] }: StaleUdp): number {
    try {
      const flows = [...this.#flowsToPorts(ports), ...this.#flowsOfAddresses(addresses)];
      return flows.filter((flow) => this.#delete(flow)).length;
    } catch (error) {
      this.#logger.warn("Stale UDP flows could not be removed.", { error: messageOf(error) });
      return 0;
    }
  }

  [Symbol.dispose](): void {
    this.#netlink[Symbol.dispose]();
  }

  #flowsToPorts(ports: NonNullable<StaleUdp["ports"]>): ConntrackEntry[] {
    const udp = ports.filter(({ protocol }) => protocol === "udp");
    const numbers = new Set(udp.map(({ hostPort }) => hostPort));
    const isLocal = localAddresses();
    return [4, 6].flatMap((family) => {
      const wanted = udp.filter(({ hostIp }) => familyOf(hostIp) === family);
      if (wanted.length === 0) return [];
      const isWanted = ({ destination, destinationPort }: ConntrackEntry): boolean =>
        wanted.some(
          ({ hostIp, hostPort }) =>
            hostPort === destinationPort && (hostIp === destination || (isAll(hostIp) && isLocal(destination))),
        );
      return this.#listByPort(family as 4 | 6, numbers).filter(isWanted);
    });
  }

  #listByPort(family: 4 | 6, ports: ReadonlySet<number>): ConntrackEntry[] {
    if (ports.size > FEW_PORTS) return this.#list({ family });
    return [...ports].flatMap((destinationPort) => this.#list({ family, destinationPort }));
  }

  #flowsOfAddresses(addresses: readonly string[]): ConntrackEntry[] {
    return addresses.flatMap((text) => {
      const address = readAddress(text);
      if (address === undefined) return [];
      const { family } = address;
      // The list may hold others' flows as well.
      return [
        ...this.#list({ family, source: address }).filter(({ source }) => source === text),
        ...this.#list({ family, replySource: address }).filter(({ replySource }) => replySource === text),
      ];
    });
  }

  #list(filter: EntryFilter): ConntrackEntry[] {
    return this.#netlink
      .dump("list UDP flows", ConntrackMessage.get, listRequest(filter))
      .flatMap((payload) => parseEntry(payload) ?? [])
      .filter(({ protocol }) => protocol === IPPROTO_UDP);
  }

  /** @returns false when it is gone already */
  #delete({ deletion, destination, destinationPort }: ConntrackEntry): boolean {
    try {
      this.#netlink.request(
        `forget UDP flow to ${destination} ${destinationPort}`,
        ConntrackMessage.delete,
        0,
        deletion,
      );
      return true;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }
}

const familyOf = (hostIp: string): 4 | 6 => (hostIp.includes(":") ? 6 : 4);

const isAll = (hostIp: string): boolean => hostIp === "" || hostIp === "0.0.0.0" || hostIp === "::";

/**
 * The host's own addresses. A flow that merely passes, such as a container's question to a name server elsewhere, has the
 * same port and is not to be broken off. They are looked up when the first flow is found.
 */
function localAddresses(): (address: string) => boolean {
  let local: Set<string> | undefined;
  return (address) => {
    local ??= new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((one) => one.address)));
    return local.has(address) || address.startsWith("127.");
  };
}
