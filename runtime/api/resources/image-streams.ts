/** Images that come in: pull, import, load. */
import { invalid } from "../../../lib/errors.ts";
import type { Image } from "../../types.ts";
import { parsePlatform } from "../decode/platform.ts";
import { parseRegistryAuth } from "../decode/registry-auth.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { ProgressStream } from "../progress.ts";

/** `POST /images/create`: a pull with `fromImage`, an import with `fromSrc`. */
export async function createImage(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const fromImage = exchange.text("fromImage");
  if (fromImage !== undefined) return await pullImage(exchange, engine, fromImage);
  const source = exchange.text("fromSrc");
  if (source === undefined) throw invalid("one of fromImage and fromSrc is needed", "CTR_IMAGE_SOURCE_MISSING");
  if (source !== "-") {
    throw invalid(`cannot import from ${source}: only an archive in the request's body is taken`, {
      code: "CTR_IMAGE_SOURCE_INVALID",
      hint: "fetch it first: curl … | docker import - name",
    });
  }
  await importImage(exchange, engine);
}

async function pullImage(exchange: Exchange, { images }: ApiEngine, name: string): Promise<void> {
  const reference = withTag(name, exchange.text("tag"));
  const platform = parsePlatform(exchange.text("platform"));
  const credentials = parseRegistryAuth(exchange.request.headers["x-registry-auth"]);
  const progress = new ProgressStream(exchange);
  try {
    await images.pull(reference, {
      progress: progress.send,
      ...(platform === undefined ? {} : { platform }),
      ...(credentials === undefined ? {} : { credentials }),
      signal: exchange.signal,
    });
    progress.end();
  } catch (error) {
    progress.fail(error);
  }
}

/** A tag that is a digest is joined with `@`. */
function withTag(name: string, tag: string | undefined): string {
  if (tag === undefined) return name;
  return tag.includes(":") ? `${name}@${tag}` : `${name}:${tag}`;
}

async function importImage(exchange: Exchange, { images }: ApiEngine): Promise<void> {
  const repository = exchange.text("repo");
  const message = exchange.text("message");
  const platform = parsePlatform(exchange.text("platform"));
  const progress = new ProgressStream(exchange);
  try {
    const image = await images.import(exchange.request, {
      ...(repository === undefined ? {} : { reference: withTag(repository, exchange.text("tag")) }),
      ...(message === undefined ? {} : { message }),
      ...(platform === undefined ? {} : { platform }),
      changes: exchange.query.getAll("changes"),
    });
    progress.send({ status: image.id });
    progress.end();
  } catch (error) {
    progress.fail(error);
  }
}

/** `POST /images/load`. */
export async function loadImages(exchange: Exchange, { images }: ApiEngine): Promise<void> {
  const quiet = exchange.flag("quiet");
  const progress = new ProgressStream(exchange);
  try {
    const loaded = await images.load(exchange.request, { progress: quiet ? () => {} : progress.send });
    for (const image of loaded) progress.send({ stream: `${loadedText(image)}\n` });
    progress.end();
  } catch (error) {
    progress.fail(error);
  }
}

function loadedText({ repoTags, id }: Image): string {
  return repoTags.length === 0 ? `Loaded image ID: ${id}` : repoTags.map((tag) => `Loaded image: ${tag}`).join("\n");
}
