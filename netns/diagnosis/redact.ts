/**
 * A snapshot without what is nobody's business: public addresses, hardware addresses, names of other hosts and domains,
 * labels. Everything is replaced by the same everywhere, so that the diagnosis comes to the same findings. A container's
 * environment never is in a snapshot.
 */
import { randomBytes } from "node:crypto";
import { formatAddress, readAddress, readCidr, subnetOf } from "../ipam/ip.ts";
import { AddressMapping, staysRange } from "./redaction/addresses.ts";
import { COMMON_NAMES, mapHosts, mapResolvConf } from "./redaction/files.ts";
import { NameMapping } from "./redaction/names.ts";
import { mapText } from "./redaction/texts.ts";
import type { IntendedContainer, Intent, NamespaceState, NotRead, Snapshot } from "./types/index.ts";

export interface RedactOptions {
  /** Of containers and networks too; they stay otherwise, because findings are told by them. */
  readonly names?: boolean;
  /** Of another key come other replacements; a random one when absent. */
  readonly key?: Buffer;
}

/** @returns a new snapshot; the given one stays as it is */
export function redact(
  snapshot: Snapshot,
  { names: alsoNames = false, key = randomBytes(32) }: RedactOptions = {},
): Snapshot {
  const mapping = new AddressMapping(key);
  const rangesLost: NotRead[] = [];
  const mapped = mapAddresses(snapshot, mapping, (range) => rangesLost.push(lostRange(range))) as Snapshot;
  const names = new NameMapping([...COMMON_NAMES, ...(alsoNames ? [] : ownNames(snapshot.intent))]);
  const owned = new NameMapping(alsoNames ? PREDEFINED : []);
  const own = alsoNames ? (name: string, kind: string) => owned.map(name, kind) : (name: string) => name;
  return {
    ...mapped,
    takenAt: snapshot.takenAt,
    kernel: snapshot.kernel,
    ctrVersion: snapshot.ctrVersion,
    intent: intentOf(mapped.intent, names, own),
    namespaces: mapped.namespaces.map((namespace) => namespaceOf(namespace, names)),
    notRead: [...mapped.notRead, ...rangesLost],
  };
}

type MapName = (name: string, kind: string) => string;

/** Names of networks that every engine has. */
const PREDEFINED = ["bridge", "host", "none", "default"];

/** All names that containers and networks have been given. */
function ownNames({ networks, containers }: Intent): string[] {
  return [
    ...networks.map(({ name }) => name),
    ...containers.flatMap(({ name, id, endpoints }) => [name, id.slice(0, 12), ...endpoints.flatMap(namesOfEndpoint)]),
  ];
}

const namesOfEndpoint = ({ aliases, dnsNames, links }: IntendedContainer["endpoints"][number]): string[] => [
  ...aliases,
  ...dnsNames,
  ...links.flatMap((link) => link.split(":")),
];

function intentOf(intent: Intent, names: NameMapping, own: MapName): Intent {
  const network = (name: string) => own(name, "network");
  const container = (name: string) => own(name, "container");
  const end = <E extends { readonly kind: "network" | "container"; readonly name: string }>(one: E): E => ({
    ...one,
    name: own(one.name, one.kind),
  });
  return {
    ...intent,
    networks: intent.networks.map((one) => ({ ...one, name: network(one.name), labels: {} })),
    grants: intent.grants.map((grant) => ({ ...grant, from: end(grant.from), to: end(grant.to) })),
    containers: intent.containers.map((one) => ({
      ...one,
      name: container(one.name),
      networkMode: one.networkMode.startsWith("container:") ? one.networkMode : network(one.networkMode),
      endpoints: one.endpoints.map((endpoint) => ({
        ...endpoint,
        networkName: network(endpoint.networkName),
        aliases: endpoint.aliases.map(container),
        dnsNames: endpoint.dnsNames.map(container),
        links: endpoint.links.map((link) => link.split(":").map(container).join(":")),
      })),
      dns: {
        ...one.dns,
        ...(one.dns.search === undefined ? {} : { search: one.dns.search.map((name) => names.map(name, "domain")) }),
      },
    })),
  };
}

function namespaceOf(namespace: NamespaceState, names: NameMapping): NamespaceState {
  const { resolvConf, hosts } = namespace;
  return {
    ...namespace,
    resolvConf: resolvConf === undefined ? undefined : mapResolvConf(resolvConf, names),
    hosts: hosts === undefined ? undefined : mapHosts(hosts, names),
  };
}

/** Addresses in all texts, however deep. */
function mapAddresses(value: unknown, mapping: AddressMapping, lose: (range: string) => void): unknown {
  if (typeof value === "string") return mapText(value, mapping);
  if (Array.isArray(value)) return value.map((item) => mapAddresses(item, mapping, lose));
  if (typeof value !== "object" || value === null) return value;
  const special = prefixOf(value, mapping) ?? rangeOf(value, mapping, lose);
  if (special !== undefined) return special;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapAddresses(item, mapping, lose)]));
}

/** `{"prefix": {"addr": "1.2.3.0", "len": 24}}` in rules of nftables. */
function prefixOf(value: object, mapping: AddressMapping): object | undefined {
  if (!("prefix" in value)) return undefined;
  const { addr, len } = value.prefix as { readonly addr?: unknown; readonly len?: unknown };
  const cidr = typeof addr === "string" ? readCidr(`${addr}/${String(len)}`) : undefined;
  if (cidr === undefined) return undefined;
  const { family, address } = mapping.subnet(subnetOf(cidr));
  return { ...value, prefix: { addr: formatAddress({ family, value: address }), len } };
}

/** `{"range": ["1.2.3.4", "1.2.3.9"]}`. Beyond one network there may be no range that has the same addresses. */
function rangeOf(value: object, mapping: AddressMapping, lose: (range: string) => void): object | undefined {
  if (!("range" in value) || !Array.isArray(value.range)) return undefined;
  const [first, last] = (value.range as unknown[]).map((end) =>
    typeof end === "string" ? readAddress(end) : undefined,
  );
  if (first === undefined || last === undefined) return undefined;
  const ends = [first, last].map((end) => mapping.address(end)).sort((a, b) => (a.value < b.value ? -1 : 1));
  const range = ends.map(formatAddress);
  if (!staysRange(first, last)) lose(range.join("-"));
  return { ...value, range };
}

const lostRange = (range: string): NotRead => ({
  what: `rules with the range ${range}`,
  why: "the range's addresses were replaced, and what lies between them is not the same",
});
