/** Renders changes as nft statements, one element a line, so that an error of nft names the element. Pure. */
import { isIPv4 } from "node:net";
import { invalid } from "../../lib/errors.ts";
import { Collection, type CollectionName, replaceScript, TABLE } from "./table.ts";
import type { FirewallNetwork, FirewallPort, FirewallState } from "./types.ts";

interface Element {
  readonly collection: CollectionName;
  readonly key: string;
  readonly comment: string;
  /** Set in maps. */
  readonly value?: string;
}

/** The whole table with this content. */
export function syncScript({ networks, ports }: FirewallState): string {
  return replaceScript() + additions([...networks.flatMap(elementsOfNetwork), ...ports.map(elementOfPort)]);
}

export const addNetworkScript = (network: FirewallNetwork): string => additions(elementsOfNetwork(network));
/** The same, over what a former run may have left for the subnet: no networks but these have one until the next sync. */
export const claimNetworksScript = (networks: readonly FirewallNetwork[]): string =>
  `flush set ${TABLE} ${Collection.subnets}\nflush set ${TABLE} ${Collection.masquerade}\n` +
  additions(networks.flatMap(elementsOfNetwork));
export const removeNetworkScript = (network: FirewallNetwork): string => deletions(elementsOfNetwork(network));
export const publishScript = (ports: readonly FirewallPort[]): string => additions(ports.map(elementOfPort));
export const unpublishScript = (ports: readonly FirewallPort[]): string => deletions(ports.map(elementOfPort));

/** Names the place of a port in the maps: two ports with one key cannot both be published. */
export function portKey(port: FirewallPort): string {
  const { collection, key } = elementOfPort(port);
  return `${collection} ${key}`;
}

function elementsOfNetwork({ bridge, subnet, internal, masquerade, icc }: FirewallNetwork): Element[] {
  const name = quotedLink(bridge);
  const elements: Element[] = [{ collection: Collection.bridges, key: name, comment: subnet }];
  if (internal) elements.push({ collection: Collection.internal, key: name, comment: subnet });
  if (icc) elements.push({ collection: Collection.pairs, key: `${name} . ${name}`, comment: subnet });
  elements.push({ collection: Collection.subnets, key: checkedSubnet(subnet), comment: bridge });
  if (masquerade && !internal) elements.push({ collection: Collection.masquerade, key: subnet, comment: bridge });
  return elements;
}

function elementOfPort({ protocol, hostIp, hostPort, address, containerPort, owner }: FirewallPort): Element {
  const service = `${protocol} . ${checkedPort(hostPort)}`;
  const common = { comment: owner, value: `${checkedAddress(address)} . ${checkedPort(containerPort)}` };
  return hostIp === "" || hostIp === "0.0.0.0"
    ? { collection: Collection.ports, key: service, ...common }
    : { collection: Collection.addressPorts, key: `${checkedAddress(hostIp)} . ${service}`, ...common };
}

// Not `create`: the same element again is fine, and the kernel refuses the key with another value all the same.
const additions = (elements: readonly Element[]): string =>
  elements
    .map(({ collection, key, comment, value }) => {
      const target = value === undefined ? "" : ` : ${value}`;
      return `add element ${TABLE} ${collection} { ${key} comment "${safeComment(comment)}"${target} }\n`;
    })
    .join("");

const deletions = (elements: readonly Element[]): string =>
  elements.map(({ collection, key }) => `delete element ${TABLE} ${collection} { ${key} }\n`).join("");

/** The kernel's limit for comments, NFTNL_UDATA_COMMENT_MAXLEN. */
const COMMENT_LENGTH = 128;

const safeComment = (text: string): string => text.replace(/[^\w.:/@ -]/g, "_").slice(0, COMMENT_LENGTH - 1);

function quotedLink(name: string): string {
  // A name that ends in a star would be a pattern for nft; a quote would end the string.
  if (!/^[^\s/:"*\\{}]{1,15}$/.test(name)) throw bad(`bad interface name: "${name}"`);
  return `"${name}"`;
}

function checkedAddress(address: string): string {
  if (!isIPv4(address)) throw bad(`not an IPv4 address: "${address}"`);
  return address;
}

function checkedPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw bad(`bad port: ${port}`);
  return port;
}

function checkedSubnet(subnet: string): string {
  const [address = "", length = ""] = subnet.split("/");
  if (!isIPv4(address) || !/^([0-9]|[12][0-9]|3[0-2])$/.test(length)) throw bad(`not an IPv4 subnet: "${subnet}"`);
  return subnet;
}

const bad = (text: string) => invalid(`firewall: ${text}`, "CTR_FIREWALL_INVALID");
