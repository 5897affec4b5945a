/**
 * Addresses that containers ask for, when they start. Asked for at `create`, such an address may still be another's: it is
 * handed over when its holder does not run, so that a container can be made anew beside the one that it takes the place of.
 */
import { leaseAddress, subnetsOf, wishOf } from "./endpoints.ts";
import type { Address, Family } from "./ipam/ip.ts";
import type { EndpointRecord, NetworkStore } from "./store/index.ts";
import type { Network } from "./types.ts";

/**
 * Gives the endpoints of a container that is about to start the addresses that they lack.
 * @returns whether any address changed hands
 * @throws `forbidden` with Docker's text for one whose holder runs; `conflict` when all are taken. Nothing has changed then
 */
export function claimAddresses(store: NetworkStore, containerId: string): boolean {
  const endpoints = store.endpointsOfContainer(containerId).filter(({ interfaceName }) => interfaceName === undefined);
  const lacks = endpoints.flatMap((endpoint) => {
    const network = store.networkOf(endpoint);
    return lacksAddress(network, endpoint) ? [{ endpoint, network }] : [];
  });
  if (lacks.length === 0) return false;
  store.transaction(() => {
    for (const { endpoint, network } of lacks) {
      const { id, address, address6 } = endpoint;
      store.setAddresses(
        id,
        address ?? claim(store, network, endpoint, 4),
        address6 ?? (takesIpv6(endpoint) ? claim(store, network, endpoint, 6) : undefined),
      );
    }
  });
  return true;
}

const lacksAddress = (network: Network, endpoint: EndpointRecord): boolean =>
  (endpoint.address === undefined && subnetsOf(network, 4).length > 0) ||
  (endpoint.address6 === undefined && takesIpv6(endpoint) && subnetsOf(network, 6).length > 0);

const takesIpv6 = ({ details }: EndpointRecord): boolean => details.withoutIpv6 !== true;

function claim(
  store: NetworkStore,
  network: Network,
  { details }: EndpointRecord,
  family: Family,
): Address | undefined {
  const wanted = wishOf(family === 4 ? details.asked?.ipv4 : details.asked?.ipv6, family);
  if (wanted !== undefined) takeFromRest(store, network, wanted);
  return leaseAddress(store, network, family, wanted);
}

/** Whoever has the address and no link gives it up: it gets one when it starts. */
function takeFromRest(store: NetworkStore, network: Network, { family, value }: Address): void {
  const holder = store
    .endpointsOfNetwork(network.id)
    .find(({ address, address6 }) => (family === 4 ? address : address6)?.value === value);
  if (holder === undefined || holder.interfaceName !== undefined) return;
  const { id, address, address6 } = holder;
  store.setAddresses(id, family === 4 ? undefined : address, family === 6 ? undefined : address6);
}
