/** The three files that tell a container who and where it is: made anew at each start, bound into its /etc. */
import { readFileSync, writeFileSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import { hostsFile, parseExtraHost, readHostResolvConf, resolvConf } from "../../netns/index.ts";
import type { Container } from "../types.ts";
import type { Parts } from "./parts.ts";

export interface NetworkFiles {
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly resolvConfPath: string;
}

type Identity = Pick<Container, "config" | "hostConfig">;
type NetworkParts = Pick<Parts, "network" | "networkConfig">;

export function writeNetworkFiles(parts: Pick<Parts, "paths"> & NetworkParts, container: Container): NetworkFiles {
  const { id, config } = container;
  const files: NetworkFiles = {
    hostnamePath: parts.paths.file(id, "hostname"),
    hostsPath: parts.paths.file(id, "hosts"),
    resolvConfPath: parts.paths.file(id, "resolv.conf"),
  };
  const addresses = parts.network.endpointsOfContainer(id).map(({ address }) => address);
  writeFileSync(files.hostnamePath, `${config.Hostname ?? ""}\n`);
  writeFileSync(files.hostsPath, hostsText(parts, container, addresses));
  writeFileSync(files.resolvConfPath, resolvConfText(parts, container));
  return files;
}

/**
 * Judges at creation what the files of a start are made from.
 * @throws `invalid` with Docker's texts, for `--add-host`, `--dns`, `--dns-search` and `--dns-option`
 */
export function checkNetworkFiles(parts: NetworkParts, container: Identity): void {
  hostsText(parts, container, []);
  resolvConfText(parts, container);
}

function hostsText({ network }: NetworkParts, { config, hostConfig }: Identity, addresses: readonly string[]): string {
  const { gateway } = network.findNetwork("bridge");
  const hostGateway = gateway === undefined ? [] : [gateway];
  const extraHosts = hostConfig.ExtraHosts ?? [];
  if (hostConfig.NetworkMode === "host") return hostsOfMachine(extraHosts, hostGateway);
  return hostsFile({
    hostname: config.Hostname ?? "",
    ...(config.Domainname ? { domainname: config.Domainname } : {}),
    addresses,
    extraHosts,
    hostGateway,
    ipv6: false,
  });
}

/** A container on the host's network sees the host's names, and its own further ones. */
function hostsOfMachine(extraHosts: readonly string[], hostGateway: readonly string[]): string {
  const lines = extraHosts.map(parseExtraHost).flatMap(({ name, address }) => {
    const addresses = address === "host-gateway" ? hostGateway : [address];
    return addresses.map((ip) => `${ip}\t${name}\n`);
  });
  return readText("/etc/hosts") + lines.join("");
}

function resolvConfText({ networkConfig }: NetworkParts, { hostConfig }: Identity): string {
  const hostNetwork = hostConfig.NetworkMode === "host";
  const asked = [hostConfig.Dns, hostConfig.DnsSearch, hostConfig.DnsOptions];
  if (hostNetwork && asked.every(isEmpty)) return readText("/etc/resolv.conf");
  return resolvConf({
    ...readHostResolvConf(),
    hostNetwork,
    dns: chosen(hostConfig.Dns, networkConfig.dns),
    search: chosen(hostConfig.DnsSearch, networkConfig.dnsSearch),
    options: chosen(hostConfig.DnsOptions, networkConfig.dnsOptions),
  });
}

function readText(path: string): string {
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
