/** What the data plane is told of a container: its names on each network, and the name server of its sandbox. */
import type { NameRecord, NamesSandbox } from "../dns/index.ts";
import { dnsNamesOf, isUserDefined } from "../endpoints.ts";
import { nameServerSettings } from "../files/index.ts";
import { formatAddress } from "../ipam/ip.ts";
import type { EndpointRecord, NetworkStore } from "../store/index.ts";
import type { SandboxDns } from "../types.ts";
import type { SandboxState, SandboxTools } from "./types.ts";

type NamesTools = Pick<SandboxTools, "store" | "names">;

/** One record for each network on which the container has names. */
export function nameRecordsOf(store: NetworkStore, records: readonly EndpointRecord[], running: boolean): NameRecord[] {
  return records.flatMap((record) => {
    const network = store.networkOf(record);
    const names = dnsNamesOf(network, record);
    if (names.length === 0) return [];
    const { address, address6 } = record;
    return {
      networkId: network.id,
      networkName: network.name,
      containerId: record.containerId,
      names,
      ...(address === undefined ? {} : { address: formatAddress(address) }),
      ...(address6 === undefined ? {} : { address6: formatAddress(address6) }),
      running: running && record.interfaceName !== undefined,
    };
  });
}

/** Makes the container's names known, or says that it does not run. */
export function putNames({ store, names }: NamesTools, containerId: string, running: boolean): void {
  for (const record of nameRecordsOf(store, store.endpointsOfContainer(containerId), running)) names.put(record);
}

export function removeNames({ names }: NamesTools, records: readonly EndpointRecord[]): void {
  for (const { networkId, containerId } of records) names.remove(networkId, containerId);
}

/** The name server of a sandbox; undefined where no network has names. */
export function nameServerOf(store: NetworkStore, state: SandboxState, dns: SandboxDns): NamesSandbox | undefined {
  const { namespacePath, containerId, connections } = state;
  const named = connections.filter(({ network }) => isUserDefined(network));
  if (namespacePath === undefined || named.length === 0) return undefined;
  return {
    containerId,
    namespacePath,
    networkIds: named.map(({ network }) => network.id),
    links: linksOf(store.endpointsOfContainer(containerId)),
    ...nameServerSettings(dns),
    internalOnly: connections.every(({ network }) => network.internal),
  };
}

/** Network id → alias → name of the target. */
function linksOf(records: readonly EndpointRecord[]): Record<string, Record<string, string>> {
  const withLinks = records.filter(({ details }) => (details.links ?? []).length > 0);
  return Object.fromEntries(
    withLinks.map(({ networkId, details }) => [
      networkId,
      Object.fromEntries(
        (details.links ?? []).map((link) => {
          const [target = "", alias = target] = link.split(":");
          return [alias, target];
        }),
      ),
    ]),
  );
}

/** Brings the name server of a sandbox to what its networks are now. */
export async function serveNames({ store, names }: NamesTools, state: SandboxState): Promise<void> {
  const dns = store.sandbox(state.containerId)?.dns ?? {};
  const server = nameServerOf(store, state, dns);
  if (server === undefined) await names.unserve(state.containerId);
  else await names.serve(server);
}
