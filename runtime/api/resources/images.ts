/** Images that are here: list, inspect, history, tag, remove. */
import { parseFilters } from "../decode/filters.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { IMAGE_FILTERS, selectImages } from "../selection/images.ts";
import { imageHistory, imageInspect, imageSummary } from "../views/images.ts";

/** `GET /images/json`. */
export function listImages(exchange: Exchange, { images }: ApiEngine): void {
  const filters = parseFilters(exchange.text("filters"), IMAGE_FILTERS);
  const selected = selectImages(images, filters);
  exchange.json(
    200,
    selected.map((image) => imageSummary(image, exchange.version)),
  );
}

export function inspectImage(exchange: Exchange, { images }: ApiEngine): void {
  exchange.json(200, imageInspect(images.find(exchange.parameter("name")), exchange.version));
}

export function showImageHistory(exchange: Exchange, { images }: ApiEngine): void {
  exchange.json(200, imageHistory(images.find(exchange.parameter("name"))));
}

export function tagImage(exchange: Exchange, { images }: ApiEngine): void {
  const repository = exchange.text("repo") ?? "";
  images.tag(exchange.parameter("name"), `${repository}:${exchange.text("tag") ?? "latest"}`);
  exchange.empty(201);
}

/** Docker refuses to remove an image that a container uses: always while it runs, else unless forced. */
export async function removeImage(exchange: Exchange, { images, containers }: ApiEngine): Promise<void> {
  const removed = await images.remove(exchange.parameter("name"), {
    force: exchange.flag("force"),
    inUse: (imageId) => containers.usersOf(imageId).all[0],
    running: (imageId) => containers.usersOf(imageId).running[0],
  });
  exchange.json(200, removed);
}
