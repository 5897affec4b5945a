/** Volumes: looking at them, making and removing them. */
import { CtrError } from "../../../lib/errors.ts";
import { parseFilters } from "../decode/filters.ts";
import { decodeVolumeCreate } from "../decode/volume-request.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { prunableVolumes, selectVolumes, VOLUME_FILTERS, VOLUME_PRUNE_FILTERS } from "../selection/volumes.ts";
import { volumeView } from "../views/volumes.ts";

/** `GET /volumes`. */
export function listVolumes(exchange: Exchange, engine: ApiEngine): void {
  const filters = parseFilters(exchange.text("filters"), VOLUME_FILTERS);
  exchange.json(200, { Volumes: selectVolumes(engine, filters).map(volumeView), Warnings: null });
}

/** `GET /volumes/{name}`. */
export function inspectVolume(exchange: Exchange, { volumes }: ApiEngine): void {
  exchange.json(200, volumeView(volumes.find(exchange.parameter("name"))));
}

/** `POST /volumes/create`: one that is there already is answered as it is. */
export async function createVolume(exchange: Exchange, { volumes }: ApiEngine): Promise<void> {
  exchange.json(201, volumeView(volumes.ensure(decodeVolumeCreate(await exchange.body())).volume));
}

/** `DELETE /volumes/{name}`. */
export async function removeVolume(exchange: Exchange, { volumes }: ApiEngine): Promise<void> {
  await volumes.remove(exchange.parameter("name")).catch((error: unknown) => {
    const isGone = exchange.flag("force") && error instanceof CtrError && error.kind === "notFound";
    if (!isGone) throw error;
  });
  exchange.empty(204);
}

/** `POST /volumes/prune`. */
export async function pruneVolumes(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const filters = parseFilters(exchange.text("filters"), VOLUME_PRUNE_FILTERS);
  const { names, bytes } = await engine.volumes.prune(prunableVolumes(engine, filters, exchange.version));
  exchange.json(200, { VolumesDeleted: names, SpaceReclaimed: bytes });
}
