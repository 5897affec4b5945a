/**
 * How the packets of a published port get to the container: redirected by the firewall, which is the rule, or carried by a
 * proxy of the data plane, where the kernel cannot redirect. Pure.
 *
 * | host address | container's network | path |
 * |---|---|---|
 * | IPv4 | has IPv4 | redirected |
 * | IPv6 | has IPv6 | redirected; `::` has a proxy besides, for `::1`, from where the kernel forwards nothing |
 * | `::1` | any | proxy |
 * | one family | the other alone | proxy |
 * | any, policy `hostfw` | any | proxy: packets come through the host's input rules |
 * | any | routed | open at the container's own address: no port of the host leads there |
 *
 * The proxy listens on the published address itself, and not on `::1` alone: nobody else gets the port then, and packets
 * that are redirected never reach it.
 */
import type { ProxySpecification } from "../dataplane/types.ts";
import type { Protocol, PublishedPort } from "../types.ts";
import { ALL_ADDRESSES_6, isIpv6 } from "./host-address.ts";

/** Where published ports of a container lead. */
export interface PortTarget {
  /** IPv4 address on the network that it is published through; empty when it has none. */
  readonly address: string;
  readonly address6: string;
  /** The network is routed: ports are open at the container's own address. For each family by itself. */
  readonly routed?: boolean;
  readonly routed6?: boolean;
  /** `userland-proxy` of daemon.json. Without it only `hostfw` has a proxy. */
  readonly userlandProxy: boolean;
}

/** A port for the firewall. */
export interface RedirectedPort extends PublishedPort {
  /** The container's, of the family of `hostIp`. */
  readonly address: string;
}

export interface PortPaths {
  readonly redirected: readonly RedirectedPort[];
  readonly proxied: readonly ProxySpecification[];
}

type Port = Pick<PublishedPort, "protocol" | "hostIp" | "policy">;

export function pathsOf(ports: readonly PublishedPort[], target: PortTarget): PortPaths {
  return {
    redirected: ports
      .filter((port) => isRedirected(port, target))
      .map((port) => ({ ...port, address: own(port, target) })),
    proxied: ports.filter((port) => needsProxy(port, target)).map((port) => proxyOf(port, target)),
  };
}

/** True when packets to that address can get to the container at all. */
export const hasPath = (port: Port, target: PortTarget): boolean =>
  isRouted(port, target) || isRedirected(port, target) || canBeProxied(port, target);

/** True when the container's own address is where the port is reached. */
export const isRouted = ({ hostIp }: Port, target: PortTarget): boolean =>
  isIpv6(hostIp) ? target.routed6 === true && target.address6 !== "" : target.routed === true && target.address !== "";

/**
 * True when other hosts reach the port at the container's own address, too.
 * @param allowed `allow-direct-routing` of daemon.json; what is published on a loopback address stays on this host
 */
export const isDirect = (hostIp: string, allowed = false): boolean => allowed && !hostIp.startsWith("127.");

/** True when a proxy has to listen on the port: its socket holds it, see {@link HostPorts.handOver}. */
export const needsProxy = (port: PublishedPort, target: PortTarget): boolean =>
  port.hostPort !== 0 && canBeProxied(port, target);

function canBeProxied(port: Port, target: PortTarget): boolean {
  if (!canProxy(port.protocol) || (target.address === "" && target.address6 === "")) return false;
  if (port.policy === "hostfw") return true;
  if (!target.userlandProxy) return false;
  return !isRedirected(port, target) || port.hostIp === ALL_ADDRESSES_6;
}

function isRedirected(port: Port, target: PortTarget): boolean {
  return port.policy !== "hostfw" && port.hostIp !== "::1" && own(port, target) !== "";
}

/** The container's address of the same family. */
const own = ({ hostIp }: Port, { address, address6 }: PortTarget): string => (isIpv6(hostIp) ? address6 : address);

const canProxy = (protocol: Protocol): boolean => protocol !== "sctp";

function proxyOf(port: PublishedPort, target: PortTarget): ProxySpecification {
  const { protocol, hostIp, hostPort, containerPort } = port;
  return {
    id: proxyId(port),
    protocol: protocol === "udp" ? "udp" : "tcp",
    listen: { address: hostIp, port: hostPort },
    target: { address: own(port, target) || target.address || target.address6, port: containerPort },
  };
}

/** `tcp [::]:8080`: one a listening socket. */
export const proxyId = ({ protocol, hostIp, hostPort }: Pick<PublishedPort, "protocol" | "hostIp" | "hostPort">) =>
  `${protocol} ${isIpv6(hostIp) ? `[${hostIp}]` : hostIp}:${hostPort}`;
