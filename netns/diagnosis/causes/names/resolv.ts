/** What resolv.conf says, and who answers there. */
import { parseResolvConf } from "../../../files/host-resolv-conf.ts";
import { isLoopback } from "../../../ports/host-address.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { HOST, type NamespaceState, type Place, type SocketState } from "../../types/index.ts";

/** Of a sandbox's name server, as in Docker. */
export const SANDBOX_SERVER = "127.0.0.11";
export const DNS_PORT = 53;

export const resolvOf = ({ resolvConf }: NamespaceState) => parseResolvConf(resolvConf ?? "");

/** Name servers that the container itself would have to run. */
export const ownServers = (namespace: NamespaceState): string[] =>
  resolvOf(namespace).servers.filter((server) => isLoopback(server) && server !== SANDBOX_SERVER);

export const answersNames = ({ sockets }: NamespaceState, server: string): boolean =>
  sockets.some(({ protocol, port, address }) => protocol === "udp" && port === DNS_PORT && takes(address, server));

const takes = (address: SocketState["address"], server: string): boolean =>
  address === server || address === "0.0.0.0" || address === "::";

/** Whom a sandbox's name server passes questions on to, and from which network. */
export interface ServersBehind {
  readonly from: Place;
  readonly servers: readonly string[];
}

/** The container's own servers, asked from its own network; else those of the host. */
export function serversBehind(view: SnapshotView, place: Place): ServersBehind {
  const own = view.containersIn(place)[0]?.dns.servers ?? [];
  return own.length > 0 ? { from: place, servers: own } : { from: HOST, servers: resolvOf(view.host).servers };
}
