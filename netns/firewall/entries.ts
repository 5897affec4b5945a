/**
 * What differs from host to host, as entries that each backend renders in its own language: an element of a set for
 * nftables, a rule for iptables. Pure.
 */
import type { Protocol } from "../types.ts";
import { bad, checkedAddress, checkedLink, checkedPort, checkedSubnet, type Family, familyOf } from "./checks.ts";
import type { FirewallGrant, FirewallNetwork, FirewallPeer, FirewallPort, GatewayMode } from "./types.ts";

interface Common {
  readonly family: Family;
  /** For people. */
  readonly owner: string;
}

interface Service {
  readonly protocol: Protocol;
  readonly port: number;
}

/** A fact about a bridge. */
export type BridgeEntryKind =
  /** It is ours. */
  | "bridge"
  /** The network has no subnet of this family, so nothing of it may pass. */
  | "closed"
  /** Containers may be pinged from elsewhere. */
  | "routed"
  /** Every port of its containers is reached from elsewhere. */
  | "unprotected";

export type Entry =
  | (Common & { readonly kind: BridgeEntryKind; readonly bridge: string })
  /** A grant alone leads into it; `subnet` where it can answer to its bridge's address. */
  | (Common & { readonly kind: "internal"; readonly bridge: string; readonly subnet: string | undefined })
  /** Traffic that goes in at one bridge and out at the other is free. */
  | (Common & { readonly kind: "pair"; readonly from: string; readonly to: string })
  /** Addresses of ours. */
  | (Common & { readonly kind: "subnet" | "masquerade"; readonly subnet: string })
  | (Common & { readonly kind: "snat"; readonly subnet: string; readonly source: string })
  /** A port of the host that leads into a container; without `hostIp` at all addresses of the host. */
  | (Common & Service & { readonly kind: "hostPort"; readonly hostIp: string | undefined; readonly target: Target })
  /** A port of a container's own address that may be reached from elsewhere; only by the interface `from` where set. */
  | (Common & Service & { readonly kind: "open"; readonly address: string; readonly from: string | undefined })
  | (Common & {
      readonly kind: "grant";
      readonly from: FirewallPeer;
      readonly to: FirewallPeer;
      readonly service: Service | undefined;
    });

export type EntryOf<K extends Entry["kind"]> = Extract<Entry, { readonly kind: K }>;

interface Target {
  readonly address: string;
  readonly port: number;
}

/** @param families those that the firewall is to look after at all */
export function entriesOfNetwork(network: FirewallNetwork, families: readonly Family[]): Entry[] {
  return families.flatMap((family) => entriesOfFamily(network, family));
}

function entriesOfFamily(network: FirewallNetwork, family: Family): Entry[] {
  const bridge = checkedLink(network.bridge);
  const common = { family, owner: network.networkName ?? bridge };
  const { subnet, masquerade, snat } = settingsOf(network, family);
  const mode = gatewayMode(network, family);
  const internal = network.internal || mode === "isolated";
  const entries: Entry[] = [{ kind: "bridge", bridge, ...common }];
  const answering = mode === "isolated" ? undefined : subnet;
  if (internal) entries.push({ kind: "internal", bridge, subnet: answering, ...common });
  if (network.icc) entries.push({ kind: "pair", from: bridge, to: bridge, ...common });
  if (subnet === undefined) return [...entries, { kind: "closed", bridge, ...common }];
  if (mode === "routed") entries.push({ kind: "routed", bridge, ...common });
  if (mode === "nat-unprotected") entries.push({ kind: "unprotected", bridge, ...common });
  entries.push({ kind: "subnet", subnet: checkedSubnet(subnet, family), ...common });
  if (!masquerade || internal || mode === "routed") return entries;
  entries.push(
    snat === undefined
      ? { kind: "masquerade", subnet, ...common }
      : { kind: "snat", subnet, source: checkedAddress(snat, family), ...common },
  );
  return entries;
}

const settingsOf = (network: FirewallNetwork, family: Family) =>
  family === 4
    ? {
        subnet: network.subnet4,
        masquerade: network.masquerade4 ?? true,
        snat: network.snat4,
      }
    : { subnet: network.subnet6, masquerade: network.masquerade6 ?? true, snat: network.snat6 };

const gatewayMode = (network: FirewallNetwork | undefined, family: Family): GatewayMode =>
  (family === 4 ? network?.gatewayMode4 : network?.gatewayMode6) ?? "nat";

/**
 * Names what can lead to one place only: two ports with one key cannot both be published.
 * @throws `invalid`
 */
export function portKey({ protocol, hostIp, hostPort, address, containerPort }: FirewallPort): string {
  const host = hostIp === "" ? "0.0.0.0" : hostIp;
  // Of a routed network no port of the host is taken.
  const place = hostPort === 0 ? `routed ${address} ${checkedPort(containerPort)}` : checkedPort(hostPort);
  return `${familyOf(host)} ${host} ${protocol} ${place}`;
}

/** @param network the one that the port's address is on, when it is known */
export function entriesOfPort(
  port: FirewallPort,
  network: FirewallNetwork | undefined,
  families: readonly Family[],
): Entry[] {
  const { protocol, hostIp, hostPort, containerPort, owner, direct = false } = port;
  const family = familyOf(hostIp === "" ? "0.0.0.0" : hostIp);
  const address = checkedAddress(port.address, family);
  if (!families.includes(family)) return [];
  const target = { address, port: checkedPort(containerPort) };
  const common = { family, owner, protocol };
  const open = { kind: "open", ...common, ...target } as const;
  if (gatewayMode(network, family) === "routed") return [{ ...open, from: undefined }];
  const everywhere = hostIp === "" || hostIp === "0.0.0.0" || hostIp === "::";
  const openFrom = direct ? [undefined] : (network?.trustedInterfaces ?? []).map(checkedLink);
  return [
    { kind: "hostPort", ...common, hostIp: everywhere ? undefined : hostIp, port: checkedPort(hostPort), target },
    ...openFrom.map((from) => ({ ...open, from })),
  ];
}

/** Names a grant by what it permits, and whose it is: what two permit stays permitted until both are taken back. */
export const grantKey = ({ from, to, protocol, port, owner }: FirewallGrant): string =>
  [from.bridge, from.address, to.bridge, to.address, protocol, port, owner].join(" ");

export function entriesOfGrant(grant: FirewallGrant, families: readonly Family[]): Entry[] {
  const { from, to, protocol, port } = grant;
  checkedLink(from.bridge);
  checkedLink(to.bridge);
  if ((protocol === undefined) !== (port === undefined)) throw bad("a grant has a protocol and a port, or neither");
  const service = protocol === undefined || port === undefined ? undefined : { protocol, port: checkedPort(port) };
  const owner = grant.owner ?? "grant";
  return familiesOfGrant(from, to)
    .filter((family) => families.includes(family))
    .map((family): Entry => {
      const wholeNetworks = from.address === undefined && to.address === undefined;
      return wholeNetworks && service === undefined
        ? { kind: "pair", family, owner, from: from.bridge, to: to.bridge }
        : { kind: "grant", family, owner, from, to, service };
    });
}

function familiesOfGrant(from: FirewallPeer, to: FirewallPeer): readonly Family[] {
  const found = [from.address, to.address].flatMap((address) => (address === undefined ? [] : familyOf(address)));
  const [family, other = family] = found;
  if (family === undefined) return [4, 6];
  if (family !== other) throw bad(`${from.address} and ${to.address} are of different families`);
  return [family];
}

/** Names an entry by its place: two entries with one key are one rule, whoever they are there for. */
export function entryKey(entry: Entry): string {
  switch (entry.kind) {
    case "pair":
      return key(entry, entry.from, entry.to);
    case "subnet":
    case "masquerade":
    case "snat":
      return key(entry, entry.subnet);
    case "hostPort":
      return key(entry, entry.hostIp, entry.protocol, entry.port);
    case "open":
      return key(entry, entry.from, entry.address, entry.protocol, entry.port);
    case "grant": {
      const { from, to, service } = entry;
      return key(entry, from.bridge, from.address, to.bridge, to.address, service?.protocol, service?.port);
    }
    default:
      return key(entry, entry.bridge);
  }
}

const key = ({ kind, family }: Entry, ...parts: readonly (string | number | undefined)[]): string =>
  `${kind}${family} ${parts.join(" ")}`;
