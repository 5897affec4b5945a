/** Hosts files of containers that run, while networks and linked containers come and go. */
import { type Endpoint, ownHostsLine, removeHostsNames, renewHostsAddress, updateHosts } from "../../netns/index.ts";
import type { Container, ContainerLink } from "../types.ts";
import { type LinkedContainer, linkedContainers } from "./links.ts";
import { addressesOf, networkFilesOf, readText, renewResolvConf } from "./network-files.ts";
import type { Parts } from "./parts.ts";
import { isUp } from "./up.ts";

type NameParts = Pick<Parts, "records" | "paths" | "network">;

/** A network was connected: the container's own name has an address more. */
export function addToHosts(parts: NameParts, container: Container, endpoint: Endpoint): void {
  updateHosts(networkFilesOf(parts, container).hostsPath, { add: ownLines(container, endpoint) });
}

/** A network was disconnected. Only lines that are as we wrote them go: what the user changed is the user's. */
export function removeFromHosts(parts: NameParts, container: Container, endpoint: Endpoint): void {
  updateHosts(networkFilesOf(parts, container).hostsPath, { remove: ownLines(container, endpoint) });
}

function ownLines({ config }: Container, endpoint: Endpoint): string[] {
  return addressesOf(endpoint).map((address) => ownHostsLine(address, config.Hostname ?? "", config.Domainname));
}

/**
 * The containers that a starting one links to, with their addresses on the default bridge.
 * @throws `system` with Docker's texts for one that does not run or is not on it
 */
export function linkedTo(parts: NameParts, container: Container): LinkedContainer[] {
  return linkedContainers(parts.records, container, (id) => bridgeEndpoint(parts, id));
}

/**
 * Brings the name files of a container that runs to what its networks are now: for an engine that takes over from one that
 * ended between changing a network and telling the files.
 */
export function settleNames(parts: NameParts & Pick<Parts, "networkConfig">, container: Container): void {
  const { hostsPath } = networkFilesOf(parts, container);
  const endpoints = parts.network.endpointsOfContainer(container.id);
  if (container.hostConfig.NetworkMode === "host" || endpoints.length === 0) return;
  const own = endpoints.flatMap((endpoint) => ownLines(container, endpoint));
  const { Hostname = "", Domainname } = container.config;
  const names = ownHostsLine("127.0.0.1", Hostname, Domainname).replace(/^\S+/, "");
  const stale = linesOf(hostsPath).filter((line) => line.endsWith(names) && !own.includes(line));
  updateHosts(hostsPath, { add: own, remove: stale });
  for (const { alias, address, address6 } of reachableLinks(parts, container)) {
    for (const text of addressesOf({ address, address6 })) renewHostsAddress(hostsPath, alias, text);
  }
  renewResolvConf(parts, container);
}

/** Those of its links whose targets run and are on the default bridge now. */
export function reachableLinks(parts: NameParts, container: Container): LinkedContainer[] {
  return (container.links ?? []).flatMap((link) => {
    try {
      return linkedTo(parts, { ...container, links: [link] });
    } catch {
      return [];
    }
  });
}

/** A container has started, perhaps with another address: those that run and link to it are told. */
export function renewLinks(parts: NameParts, { id }: Container): void {
  const endpoint = bridgeEndpoint(parts, id);
  if (endpoint === undefined) return;
  for (const { container } of parts.records.all()) {
    if (!isUp(container)) continue;
    for (const { targetId, alias } of container.links ?? []) {
      if (targetId !== id) continue;
      const { hostsPath } = networkFilesOf(parts, container);
      for (const address of addressesOf(endpoint)) renewHostsAddress(hostsPath, alias, address);
    }
  }
}

/** A link was taken away: its alias leads nowhere from now on. */
export function forgetLink(parts: NameParts, container: Container, { targetId, alias }: ContainerLink): void {
  const hostname = parts.records.get(targetId)?.container.config.Hostname;
  if (isUp(container) && hostname) removeHostsNames(networkFilesOf(parts, container).hostsPath, [alias, hostname]);
}

const linesOf = (path: string): string[] => readText(path).split("\n");

const bridgeEndpoint = ({ network }: Pick<Parts, "network">, id: string): Endpoint | undefined =>
  network.endpointsOfContainer(id).find(({ networkName }) => networkName === "bridge");
