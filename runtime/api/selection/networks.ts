/** Which networks a list shows, and which ones `prune` takes: Docker's filters. */
import { invalid } from "../../../lib/errors.ts";
import type { Network } from "../../../netns/index.ts";
import { type Filters, matchesPattern } from "../decode/filters.ts";
import { parseTime } from "../decode/times.ts";
import type { ApiEngine } from "../engine-face.ts";
import { isBuiltIn } from "../views/networks.ts";
import { isRunning } from "../views/status.ts";

export const NETWORK_FILTERS = ["dangling", "driver", "id", "label", "name", "scope", "type"] as const;
export const PRUNE_FILTERS = ["label", "label!", "until"] as const;

const byName = new Intl.Collator("en", { numeric: true });

/** Ordered by name. @throws `invalid` for a bad filter value */
export function selectNetworks({ network, containers }: ApiEngine, filters: Filters): Network[] {
  checkValues(filters);
  const running = new Set(
    filters.has("dangling")
      ? containers
          .list()
          .filter(isRunning)
          .map(({ id }) => id)
      : [],
  );
  return network
    .networks()
    .filter((candidate) =>
      isSelected(
        candidate,
        filters,
        () => !network.endpointsOfNetwork(candidate.id).some(({ containerId }) => running.has(containerId)),
      ),
    )
    .sort((a, b) => byName.compare(a.name, b.name));
}

/** Those that may go when nobody uses them. */
export function prunableNetworks({ network }: ApiEngine, filters: Filters): Network[] {
  const limits = filters.values("until").map((value) => (parseTime(value) ?? 0) / 1000);
  return network
    .networks()
    .filter(
      (candidate) =>
        !isBuiltIn(candidate) &&
        candidate.configOnly !== true &&
        filters.labels(candidate.labels) &&
        limits.every((limit) => Date.parse(candidate.created) < limit),
    );
}

function isSelected(network: Network, filters: Filters, isUnused: () => boolean): boolean {
  const builtIn = isBuiltIn(network);
  return (
    filters.any("driver", (value) => value === network.driver) &&
    filters.any("id", (value) => network.id.startsWith(value) || matchesPattern(value, network.id)) &&
    filters.any("name", (value) => matchesPattern(value, network.name)) &&
    filters.any("scope", (value) => value === "local") &&
    filters.any("type", (value) => value === (builtIn ? "builtin" : "custom")) &&
    filters.labels(network.labels) &&
    filters.any("dangling", (value) => (!builtIn && isUnused()) === isTrue(value))
  );
}

function checkValues(filters: Filters): void {
  for (const value of filters.values("type")) {
    if (value !== "builtin" && value !== "custom") {
      throw invalid(`invalid filter: 'type'='${value}'`, "CTR_API_FILTER_INVALID");
    }
  }
  for (const value of filters.values("dangling")) {
    if (!["1", "true", "0", "false"].includes(value)) {
      throw invalid(
        `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`,
        "CTR_API_FILTER_INVALID",
      );
    }
  }
}

const isTrue = (value: string): boolean => value === "1" || value === "true";
