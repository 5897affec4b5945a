/** What the drivers of networks with links have to do: three verbs for a network, two for a container on it. */
import type { Address, Cidr } from "../ipam/ip.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import type { InterfaceSysctl } from "../networks/options.ts";
import type { Network } from "../types.ts";

/** Where packets go that no other route matches. Without a gateway: to the link itself. */
export interface DefaultRoute {
  readonly gateway: Address | undefined;
}

/** One interface of a sandbox, and what it leads to. */
export interface Connection {
  readonly endpointId: string;
  readonly network: Network;
  /** Name of the host's end of the cable; undefined for drivers without one. */
  readonly hostInterface: string | undefined;
  readonly interfaceName: string;
  /** Empty when the link has its parent's. */
  readonly macAddress: string;
  /** Bytes; undefined for the driver's default. */
  readonly mtu: number | undefined;
  /** Its addresses on the network, then the link-local ones that were asked for. */
  readonly addresses: readonly Cidr[];
  readonly address4: Address | undefined;
  readonly address6: Address | undefined;
  /** Undefined where there is no way out, as on internal networks. */
  readonly defaultRoute4: DefaultRoute | undefined;
  readonly defaultRoute6: DefaultRoute | undefined;
  readonly gatewayPriority: number;
  readonly sysctls: readonly InterfaceSysctl[];
}

/** What talks to the kernel alone and gets its answer within microseconds is synchronous. */
export interface LinkDriver {
  /**
   * Makes what the network needs on the host, adopts what is there of a former run, and mends what is wrong with it.
   * @returns true when it was made now: {@link LinkDriver.remove} undoes it
   * @throws {CtrError}, and has then changed nothing
   */
  ensure(netlink: NetlinkSocket, network: Network): boolean;
  /** Finds out whether the kernel can make links of this driver at all. @throws `unsupported` that names the module */
  probe?(netlink: NetlinkSocket, network: Network): void;
  /** Takes it away again. What was there before the network stays. Without complaint when there is nothing. */
  remove(netlink: NetlinkSocket, network: Network): void;
  /** As {@link LinkDriver.remove}, without holding the engine up while the kernel waits for RCU. */
  removeInBackground(netlink: NetlinkSocket, network: Network): Promise<void>;
  /**
   * Lays the cable into a sandbox, whole or nothing. The link inside is down and has no addresses yet.
   * @param namespaceFd open descriptor of the sandbox's network namespace
   */
  attach(netlink: NetlinkSocket, namespaceFd: number, connection: Connection): void;
  /** What keeps `connection` from working on the host's side, as a sentence; undefined when all is well. */
  findFault(netlink: NetlinkSocket, connection: Connection): string | undefined;
  /** Mends the host's side. @returns false when the cable has to be laid anew */
  mend(netlink: NetlinkSocket, connection: Connection): boolean;
}
