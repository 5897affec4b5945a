/** Looking at networks. */

import type { Network } from "../../../netns/index.ts";
import { type Filters, matchesPattern, parseFilters } from "../decode/filters.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { type Attached, networkView } from "../views/networks.ts";
import { isRunning } from "../views/status.ts";

const NETWORK_FILTERS = ["dangling", "driver", "id", "label", "name", "scope", "type"] as const;
/** The networks that the engine makes itself. */
const BUILT_IN: readonly string[] = ["bridge", "host", "none"];

/** `GET /networks`. */
export function listNetworks(exchange: Exchange, engine: ApiEngine): void {
  const filters = parseFilters(exchange.text("filters"), NETWORK_FILTERS);
  const selected = engine.network.networks().filter((network) => isSelected(engine, network, filters));
  exchange.json(
    200,
    selected.map((network) => networkView(network)),
  );
}

/** `GET /networks/{id}`. */
export function inspectNetwork(exchange: Exchange, engine: ApiEngine): void {
  const network = engine.network.findNetwork(exchange.parameter("id"));
  exchange.json(200, networkView(network, attachedTo(engine, network)));
}

function isSelected({ network: networks }: ApiEngine, network: Network, filters: Filters): boolean {
  const builtIn = BUILT_IN.includes(network.name);
  return (
    filters.any("driver", (value) => value === network.driver) &&
    filters.any("id", (value) => network.id.startsWith(value) || matchesPattern(value, network.id)) &&
    filters.any("name", (value) => matchesPattern(value, network.name)) &&
    filters.any("scope", (value) => value === "local") &&
    filters.any("type", (value) => value === (builtIn ? "builtin" : "custom")) &&
    filters.labels(network.labels) &&
    filters.any("dangling", (value) => {
      const dangling = !builtIn && networks.endpointsOfNetwork(network.id).length === 0;
      return dangling === ["1", "true"].includes(value);
    })
  );
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
