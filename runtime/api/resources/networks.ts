/** Networks: looking at them, making and removing them, and the containers on them. */
import { CtrError, notFound } from "../../../lib/errors.ts";
import type { Network } from "../../../netns/index.ts";
import { parseFilters } from "../decode/filters.ts";
import { decodeConnect, decodeDisconnect, decodeNetworkCreate } from "../decode/network-request.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { NETWORK_FILTERS, PRUNE_FILTERS, prunableNetworks, selectNetworks } from "../selection/networks.ts";
import { type Attached, networkView } from "../views/networks.ts";
import { isRunning } from "../views/status.ts";

/** `GET /networks`. */
export function listNetworks(exchange: Exchange, engine: ApiEngine): void {
  const filters = parseFilters(exchange.text("filters"), NETWORK_FILTERS);
  exchange.json(
    200,
    selectNetworks(engine, filters).map((network) => networkView(network)),
  );
}

/** `GET /networks/{id}`. */
export function inspectNetwork(exchange: Exchange, engine: ApiEngine): void {
  const network = engine.network.findNetwork(exchange.parameter("id"));
  exchange.json(200, networkView(network, attachedTo(engine, network)));
}

/** `POST /networks/create`. */
export async function createNetwork(exchange: Exchange, { networks }: ApiEngine): Promise<void> {
  const { network, warnings } = await networks.create(decodeNetworkCreate(await exchange.body(), exchange.version));
  exchange.json(201, { Id: network.id, Warning: warnings.join("\n") });
}

/** `DELETE /networks/{id}`. */
export async function removeNetwork(exchange: Exchange, { networks }: ApiEngine): Promise<void> {
  await networks.remove(exchange.parameter("id"));
  exchange.empty(204);
}

/** `POST /networks/prune`. */
export async function pruneNetworks(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const filters = parseFilters(exchange.text("filters"), PRUNE_FILTERS);
  exchange.json(200, { NetworksDeleted: await engine.networks.prune(prunableNetworks(engine, filters)) });
}

/** `POST /networks/{id}/connect`. */
export async function connectNetwork(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const { container, settings } = decodeConnect(await exchange.body());
  await containers.networks.connect(container, exchange.parameter("id"), settings);
  exchange.empty(200);
}

/** `POST /networks/{id}/disconnect`. */
export async function disconnectNetwork(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const { container, force } = decodeDisconnect(await exchange.body());
  await containers.networks.disconnect(container, exchange.parameter("id")).catch((error: unknown) => {
    // With force Docker looks for an endpoint of that name. Ours go with their containers.
    const isGone = force && error instanceof CtrError && error.code === "CTR_CONTAINER_NOT_FOUND";
    throw isGone
      ? notFound(`endpoint ${container} not found`, { code: "CTR_ENDPOINT_NOT_FOUND", cause: error })
      : error;
  });
  exchange.empty(200);
}

/** Endpoints of containers that run: Docker shows no others. */
function attachedTo({ network: networks, containers }: ApiEngine, network: Network): Attached[] {
  const running = new Map(
    containers
      .list()
      .filter(isRunning)
      .map(({ id, name }) => [id, name] as const),
  );
  return networks.endpointsOfNetwork(network.id).flatMap((endpoint) => {
    const containerName = running.get(endpoint.containerId);
    return containerName === undefined ? [] : [{ endpoint, containerName }];
  });
}
