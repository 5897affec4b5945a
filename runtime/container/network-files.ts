/**
 * The three files that tell a container who and where it is: made anew at each start, bound into its /etc, and changed in
 * place while it runs.
 */
import { hash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import {
  type Endpoint,
  hostHasIpv6,
  hostsFile,
  type Network,
  parseExtraHost,
  readHostResolvConf,
  resolvConf,
  type SandboxDns,
} from "../../netns/index.ts";
import type { Container, HostConfig } from "../types.ts";
import type { LinkedContainer } from "./links.ts";
import { isUserDefined } from "./network-mode.ts";
import type { Parts } from "./parts.ts";
import { sandboxIdOf } from "./shared-network.ts";

export interface NetworkFiles {
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly resolvConfPath: string;
}

type Identity = Pick<Container, "config" | "hostConfig">;
type NetworkParts = Pick<Parts, "network" | "networkConfig">;

/** Its own, or those of the container whose network it shares. */
export function networkFilesOf(
  { records, paths }: Pick<Parts, "records" | "paths">,
  container: Container,
): NetworkFiles {
  const id = sandboxIdOf(records, container);
  return {
    hostnamePath: paths.file(id, "hostname"),
    hostsPath: paths.file(id, "hosts"),
    resolvConfPath: paths.file(id, "resolv.conf"),
  };
}

/** Overwritten, never replaced: containers that share them have them bound. */
export function writeNetworkFiles(
  parts: Pick<Parts, "paths" | "records"> & NetworkParts,
  container: Container,
  linked: readonly LinkedContainer[],
): NetworkFiles {
  const files = networkFilesOf(parts, container);
  const endpoints = parts.network.endpointsOfContainer(container.id);
  writeFileSync(files.hostnamePath, `${container.config.Hostname ?? ""}\n`);
  writeFileSync(files.hostsPath, hostsText(parts, container, endpoints, linked));
  writeResolvConf(files.resolvConfPath, resolvConfText(parts, container, endpoints));
  return files;
}

/** After a network was connected or disconnected: the name server may be another. A file that the user edited stays. */
export function renewResolvConf(parts: Pick<Parts, "paths" | "records"> & NetworkParts, container: Container): void {
  const { resolvConfPath } = networkFilesOf(parts, container);
  if (readText(hashPath(resolvConfPath)) !== hashOf(readText(resolvConfPath))) return;
  const text = resolvConfText(parts, container, parts.network.endpointsOfContainer(container.id));
  writeResolvConf(resolvConfPath, text);
}

function writeResolvConf(path: string, text: string): void {
  writeFileSync(path, text);
  writeFileSync(hashPath(path), hashOf(text));
}

const hashPath = (path: string): string => `${path}.hash`;
const hashOf = (text: string): string => hash("sha256", text);

/**
 * Judges at creation what the files of a start are made from.
 * @throws `invalid` with Docker's texts, for `--add-host`, `--dns`, `--dns-search` and `--dns-option`
 */
export function checkNetworkFiles(parts: NetworkParts, container: Identity): void {
  hostsText(parts, container, [], []);
  resolvConfText(parts, container, []);
}

/** What the name server of a container is asked for by: its own wishes, else the engine's. */
export function dnsOf(hostConfig: HostConfig, { networkConfig }: Pick<Parts, "networkConfig">): Required<SandboxDns> {
  return {
    servers: chosen(hostConfig.Dns, networkConfig.dns),
    search: chosen(hostConfig.DnsSearch, networkConfig.dnsSearch),
    options: chosen(hostConfig.DnsOptions, networkConfig.dnsOptions),
  };
}

function hostsText(
  { network, networkConfig }: NetworkParts,
  { config, hostConfig }: Identity,
  endpoints: readonly Endpoint[],
  linked: readonly LinkedContainer[],
): string {
  const hostGateway = networkConfig.hostGatewayIps ?? defaultGateways(network.networks());
  const extraHosts = hostConfig.ExtraHosts ?? [];
  if (hostConfig.NetworkMode === "host") return hostsOfMachine(extraHosts, hostGateway);
  return hostsFile({
    hostname: config.Hostname ?? "",
    ...(config.Domainname ? { domainname: config.Domainname } : {}),
    addresses: endpoints.flatMap(addressesOf),
    extraHosts,
    hostGateway,
    links: linked.flatMap(linkLines),
    ipv6: hasIpv6Loopback(hostConfig),
  });
}

/** Loopback has ::1 on every network, as in Docker, unless the host has no IPv6 or a sysctl switches it off. */
const hasIpv6Loopback = ({ Sysctls }: HostConfig): boolean =>
  hostHasIpv6() && !["all", "lo"].some((link) => Sysctls?.[`net.ipv6.conf.${link}.disable_ipv6`] === "1");

/** A container on the host's network sees the host's names, and its own further ones. */
function hostsOfMachine(extraHosts: readonly string[], hostGateway: readonly string[]): string {
  const lines = extraHosts.map(parseExtraHost).flatMap(({ name, address }) => {
    const addresses = address === "host-gateway" ? hostGateway : [address];
    return addresses.map((ip) => `${ip}\t${name}\n`);
  });
  return readText("/etc/hosts") + lines.join("");
}

/** Docker's line: the alias first, then the target's own names; one line for each address. */
function linkLines({ alias, target, address, address6 }: LinkedContainer) {
  const names = [alias, target.config.Hostname ?? "", ...(target.name === alias ? [] : [target.name])];
  return addressesOf({ address, address6 }).map((ip) => ({ address: ip, names: names.filter((name) => name !== "") }));
}

/** What `host-gateway` stands for; nothing without a default bridge (`bridge: none`). */
const defaultGateways = (networks: readonly Network[]): string[] =>
  networks
    .filter(({ name }) => name === "bridge")
    .flatMap(({ subnets }) => subnets.flatMap(({ gateway }) => gateway ?? []));

export const addressesOf = ({ address, address6 }: Pick<Endpoint, "address" | "address6">): string[] =>
  [address, address6].filter((text) => text !== "");

/** On a network of the user's own the name server is ours; on the others it is the host's. */
function resolvConfText(parts: NetworkParts, { hostConfig }: Identity, endpoints: readonly Endpoint[]): string {
  const hostNetwork = hostConfig.NetworkMode === "host";
  const { servers: dns, search, options } = dnsOf(hostConfig, parts);
  const asked = [hostConfig.Dns, hostConfig.DnsSearch, hostConfig.DnsOptions];
  if (hostNetwork && asked.every(isEmpty)) return readText("/etc/resolv.conf");
  return resolvConf({
    ...readHostResolvConf(),
    hostNetwork,
    dns,
    search,
    options,
    internalServer: endpoints.some(({ networkName }) => isUserDefined(networkName)),
    ipv6: endpoints.some(({ address6 }) => address6 !== ""),
  });
}

/** A file that is not there counts as empty. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}

const isEmpty = (list: readonly string[] | null | undefined): boolean => (list ?? []).length === 0;

const chosen = (own: readonly string[] | null | undefined, engine: readonly string[] | undefined): readonly string[] =>
  own === null || own === undefined || own.length === 0 ? (engine ?? []) : own;
