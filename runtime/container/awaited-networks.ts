/** Networks that a container was created for while they were not there: it gets its place on them at its start, as in Docker. */
import { CtrError, notFound } from "../../lib/errors.ts";
import type { EndpointRequest, Network, NetworkEngine } from "../../netns/index.ts";
import type { Container } from "../types.ts";
import type { Parts } from "./parts.ts";

/** @returns undefined for one that is not there. @throws what is wrong with an ambiguous reference */
export function presentNetwork(network: Pick<NetworkEngine, "findNetwork">, reference: string): Network | undefined {
  try {
    return network.findNetwork(reference);
  } catch (error) {
    if (error instanceof CtrError && error.kind === "notFound") return undefined;
    throw error;
  }
}

/** Nobody can have a place on it: it is not there, or is but the configuration of others. */
export function isAwaited(network: Pick<NetworkEngine, "findNetwork">, { network: name }: EndpointRequest): boolean {
  const present = presentNetwork(network, name);
  return present === undefined || present.configOnly === true;
}

/**
 * Takes the container's places on the networks that it has waited for.
 * @throws Docker's texts when one is still not there; the container waits on
 */
export function joinAwaited({ network, records }: Parts, { id, name, awaitedNetworks = [] }: Container): void {
  if (awaitedNetworks.length === 0) return;
  const joined = new Set(network.endpointsOfContainer(id).map(({ networkName }) => networkName));
  for (const request of awaitedNetworks) {
    if (joined.has(request.network)) continue;
    requirePresent(network, request, name);
    network.reserveEndpoint({ ...request, containerName: name });
  }
  records.update(id, { awaitedNetworks: [] });
}

/** @throws Docker's text, with the way out */
function requirePresent(
  network: Pick<NetworkEngine, "findNetwork">,
  { network: wanted }: EndpointRequest,
  name: string,
): void {
  if (presentNetwork(network, wanted) !== undefined) return;
  throw notFound(`network ${wanted} not found`, {
    code: "CTR_NETWORK_NOT_FOUND",
    hint: `make it with: ctr network create ${wanted}; or take the container off it: ctr network disconnect ${wanted} ${name}`,
  });
}
