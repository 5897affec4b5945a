/** Which volumes a list shows, and which ones `prune` takes: Docker's filters. */
import { invalid } from "../../../lib/errors.ts";
import type { Volume } from "../../types.ts";
import { ANONYMOUS_LABEL, VOLUME_DRIVER } from "../../volume/index.ts";
import type { Filters } from "../decode/filters.ts";
import type { ApiEngine } from "../engine-face.ts";

export const VOLUME_FILTERS = ["dangling", "driver", "label", "name"] as const;
export const VOLUME_PRUNE_FILTERS = ["all", "label", "label!"] as const;

/** By name. @throws `invalid` for a bad filter value */
export function selectVolumes({ volumes }: ApiEngine, filters: Filters): Volume[] {
  const dangling = switchOf(filters, "dangling");
  return volumes
    .list()
    .filter(
      ({ name, labels }) =>
        filters.any("driver", (value) => value === VOLUME_DRIVER) &&
        filters.any("name", (value) => name.includes(value)) &&
        filters.labels(labels) &&
        (dangling === undefined || dangling !== volumes.isUsed(name)),
    );
}

/** Those that may go when no container has them: without `all`, or in old versions, only those without a name. */
export function prunableVolumes({ volumes }: ApiEngine, filters: Filters, version: number): Volume[] {
  const all = switchOf(filters, "all") ?? version < FIRST_THAT_SPARES_NAMES;
  return volumes
    .list()
    .filter(({ labels }) => (all || Object.hasOwn(labels, ANONYMOUS_LABEL)) && filters.labels(labels));
}

/** Minor number of the API version. */
const FIRST_THAT_SPARES_NAMES = 42;

function switchOf(filters: Filters, name: "dangling" | "all"): boolean | undefined {
  const [value] = filters.values(name);
  if (value === undefined) return undefined;
  if (["1", "true"].includes(value)) return true;
  if (["0", "false"].includes(value)) return false;
  throw invalid(`invalid filter '${name}=${value}'`, "CTR_API_FILTER_INVALID");
}
