/** The three files that tell a container who and where it is: made anew at each start, bound into its /etc. */
import { readFileSync, writeFileSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import { hostsFile, resolvConf } from "../../netns/index.ts";
import type { Container } from "../types.ts";
import type { Parts } from "./parts.ts";

export interface NetworkFiles {
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly resolvConfPath: string;
}

export function writeNetworkFiles({ network, networkConfig, paths }: Parts, container: Container): NetworkFiles {
  const { id, config, hostConfig } = container;
  const files: NetworkFiles = {
    hostnamePath: paths.file(id, "hostname"),
    hostsPath: paths.file(id, "hosts"),
    resolvConfPath: paths.file(id, "resolv.conf"),
  };
  const hostname = config.Hostname ?? "";
  const addresses = network.endpointsOfContainer(id).flatMap(({ address }) => (address === "" ? [] : [address]));
  const isHost = hostConfig.NetworkMode === "host";
  writeFileSync(files.hostnamePath, `${hostname}\n`);
  writeFileSync(
    files.hostsPath,
    isHost
      ? hostsOfMachine(hostConfig.ExtraHosts ?? [])
      : hostsFile({
          hostname,
          ...(config.Domainname ? { domainname: config.Domainname } : {}),
          addresses,
          extraHosts: hostConfig.ExtraHosts ?? [],
          ipv6: false,
        }),
  );
  const machine = readText("/etc/resolv.conf");
  writeFileSync(
    files.resolvConfPath,
    isHost && isEmpty(hostConfig.Dns)
      ? machine
      : resolvConf({
          hostFile: machine,
          dns: chosen(hostConfig.Dns, networkConfig.dns),
          search: chosen(hostConfig.DnsSearch, networkConfig.dnsSearch),
          options: chosen(hostConfig.DnsOptions, networkConfig.dnsOptions),
        }),
  );
  return files;
}

/** A container on the host's network sees the host's names, and its own further ones. */
function hostsOfMachine(extraHosts: readonly string[]): string {
  const lines = extraHosts.map((entry) => {
    const colon = entry.indexOf(":");
    return `${entry.slice(colon + 1)}\t${entry.slice(0, colon)}\n`;
  });
  return readText("/etc/hosts") + lines.join("");
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
