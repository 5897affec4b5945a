/** Looking at containers: list, inspect. And removing those that have ended. */
import { CtrError } from "../../../lib/errors.ts";
import type { Container } from "../../types.ts";
import { parseFilters } from "../decode/filters.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { CONTAINER_FILTERS, selectContainers } from "../selection/containers.ts";
import { containerInspect } from "../views/container-inspect.ts";
import { type ContainerSizes, containerSummary } from "../views/container-summary.ts";
import { isRunning } from "../views/status.ts";

/** `GET /containers/json`. */
export async function listContainers(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const filters = parseFilters(exchange.text("filters"), CONTAINER_FILTERS);
  const limit = exchange.integer("limit") ?? 0;
  const withSizes = exchange.flag("size");
  const now = Date.now();
  const selected = selectContainers(engine, { filters, all: exchange.flag("all"), limit });
  const linkNames = engine.containers.linkNames();
  const rows = selected.map(async (container) =>
    containerSummary(container, {
      endpoints: engine.network.endpointsOfContainer(container.id),
      version: exchange.version,
      linkNames: linkNames.get(container.id) ?? [],
      imageIdOfName: imageIdOf(engine, container.imageName),
      now,
      sizes: withSizes ? await sizesOf(engine, container) : undefined,
    }),
  );
  exchange.json(200, await Promise.all(rows));
}

/** `GET /containers/{id}/json`. */
export async function inspectContainer(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const container = engine.containers.find(exchange.parameter("id"));
  const view = containerInspect(container, {
    endpoints: engine.network.endpointsOfContainer(container.id),
    version: exchange.version,
    files: engine.containers.networkFilesOf(container.id),
    links: engine.containers.linksOf(container.id),
    sandboxKey: isRunning(container) ? (engine.network.sandboxOf(container.id)?.namespacePath ?? "") : "",
    execIds: engine.containers.execsOf(container.id),
    runtime: engine.version().runtime.name,
    sizes: exchange.flag("size") ? await sizesOf(engine, container) : undefined,
  });
  exchange.json(200, view);
}

/** `POST /containers/prune`. */
export async function pruneContainers(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const filters = parseFilters(exchange.text("filters"), ["label", "label!", "until"]);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of selectContainers(engine, { filters, all: true, limit: 0 })) {
    if (isRunning(container)) continue;
    reclaimed += (await sizesOf(engine, container)).writable;
    await engine.containers.remove(container.id, { force: false, volumes: false });
    deleted.push(container.id);
  }
  exchange.json(200, { ContainersDeleted: deleted, SpaceReclaimed: reclaimed });
}

/** The image that a name means today. */
function imageIdOf({ images }: ApiEngine, name: string): string | undefined {
  try {
    return images.find(name).id;
  } catch (error) {
    if (error instanceof CtrError && error.kind === "notFound") return undefined;
    throw error;
  }
}

async function sizesOf({ containers, images }: ApiEngine, { id, imageId }: Container): Promise<ContainerSizes> {
  const writable = await containers.writableSize(id);
  const image = images.list().find((known) => known.id === imageId);
  return { writable, rootfs: writable + (image?.size ?? 0) };
}
