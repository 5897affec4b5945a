/** How networks and containers hang together, in the order in which it is drawn. */
import type { GrantRow, MapContainer, MapEndpoint, MapNetwork, NetworkMap, PortRow } from "../client/network-types.ts";
import { publishedAt } from "../format/ports.ts";

export interface Topology {
  readonly networks: readonly MapNetwork[];
  /** Ordered so that those of one network stand together; containers that join another's network follow it. */
  readonly containers: readonly PlacedContainer[];
  readonly cables: readonly Cable[];
  readonly grants: readonly GrantRow[];
}

export interface PlacedContainer extends MapContainer {
  /** Its published ports: `*:8080 → 80/tcp`. */
  readonly published: readonly string[];
  /** Id of the container whose network it uses. */
  readonly joins?: string;
}

/** A container's place on a network. */
export interface Cable {
  readonly networkId: string;
  readonly containerId: string;
  readonly endpoint: MapEndpoint;
}

/** Networks that containers are wired to come first, then the host's own and none. */
const DRIVER_ORDER = ["bridge", "macvlan", "ipvlan", "host", "null"];

export function topologyOf({ Networks, Containers, Grants }: NetworkMap): Topology {
  const networks = Networks.toSorted(byDriverAndName);
  const cables = networks.flatMap(({ Id, Endpoints }) =>
    Endpoints.toSorted((a, b) => compareText(a.ContainerName, b.ContainerName)).map((endpoint) => ({
      networkId: Id,
      containerId: endpoint.ContainerId,
      endpoint,
    })),
  );
  return { networks, cables, containers: placed(Containers, cables), grants: Grants };
}

function placed(containers: readonly MapContainer[], cables: readonly Cable[]): PlacedContainer[] {
  const byId = new Map(containers.map((container) => [container.Id, container]));
  const all = containers.map((container) => {
    const joins = joinedTo(container, containers);
    return { ...container, published: portTexts(container.Ports), ...(joins === undefined ? {} : { joins }) };
  });
  const wired = [...new Set(cables.map(({ containerId }) => containerId))].filter((id) => byId.has(id));
  const rest = all.filter(({ Id, joins }) => joins === undefined && !wired.includes(Id)).map(({ Id }) => Id);
  const withJoiners = (id: string): PlacedContainer[] => [
    ...all.filter(({ Id }) => Id === id),
    ...all.filter(({ joins }) => joins === id).flatMap(({ Id }) => withJoiners(Id)),
  ];
  return [...wired, ...rest].flatMap(withJoiners);
}

/** `container:web`: a name, an id, or the beginning of one. */
function joinedTo({ Id, NetworkMode }: MapContainer, containers: readonly MapContainer[]): string | undefined {
  const [, reference] = /^container:(.+)$/.exec(NetworkMode) ?? [];
  if (reference === undefined) return undefined;
  const target =
    containers.find((one) => one.Id === reference || one.Name === reference) ??
    containers.find((one) => one.Id.startsWith(reference));
  return target?.Id === Id ? undefined : target?.Id;
}

/** Both families' wildcards of one port become `*`, neighbouring ports become ranges. */
export function portTexts(rows: readonly PortRow[]): string[] {
  const addresses = new Map<string, { row: PortRow; hosts: Set<string> }>();
  for (const row of rows) {
    const key = [row.Protocol, row.HostPort, row.ContainerPort, isWildcard(row.HostIp) ? "*" : row.HostIp].join(" ");
    const entry = addresses.get(key) ?? { row, hosts: new Set() };
    entry.hosts.add(row.HostIp);
    addresses.set(key, entry);
  }
  const single = [...addresses.values()].map(({ row, hosts }) => ({
    host: hosts.size > 1 ? "*" : row.HostIp,
    protocol: row.Protocol,
    first: row.HostPort,
    last: row.HostPort,
    target: row.ContainerPort,
  }));
  const ranges: typeof single = [];
  for (const port of single.sort((a, b) => compareText(a.host, b.host) || a.first - b.first)) {
    const before = ranges.at(-1);
    const follows =
      before !== undefined &&
      before.host === port.host &&
      before.protocol === port.protocol &&
      before.last + 1 === port.first &&
      before.target + (port.first - before.first) === port.target;
    if (follows) before.last = port.first;
    else ranges.push(port);
  }
  return ranges.map(({ host, protocol, first, last, target }) => {
    const [from, to] = first === last ? [first, target] : [`${first}-${last}`, `${target}-${target + last - first}`];
    return `${publishedAt(host, from)} → ${to}/${protocol}`;
  });
}

const isWildcard = (address: string): boolean => address === "0.0.0.0" || address === "::";

/** The addresses of a container on a network. */
export const addressesOf = ({ IPv4Address, IPv6Address }: MapEndpoint): string[] =>
  [IPv4Address, IPv6Address].filter((address) => address !== "");

/** What is to be said of a network besides its name. */
export function networkWords({ Driver, Bridge, Subnets, Internal }: MapNetwork): string[] {
  if (Driver === "host") return ["the host's own network"];
  if (Driver === "null") return ["no network"];
  return [
    ...(Driver === "bridge" ? [] : [Driver]),
    ...(Bridge === "" ? [] : [Bridge]),
    ...Subnets,
    ...(Internal ? ["internal"] : []),
  ];
}

function byDriverAndName(a: MapNetwork, b: MapNetwork): number {
  return DRIVER_ORDER.indexOf(a.Driver) - DRIVER_ORDER.indexOf(b.Driver) || compareText(a.Name, b.Name);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
