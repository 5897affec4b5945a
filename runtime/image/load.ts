/** Loads all images of an archive, or none. */
import type { Readable } from "node:stream";
import { invalid } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import type { Progress } from "../types.ts";
import { type ArchivedImage, imagesOf } from "./archive-images.ts";
import { ArchiveIndex } from "./archive-index.ts";
import { settleAll } from "./concurrency.ts";
import { digestOf } from "./digest.ts";
import { type ImageConfig, parseImageConfig, requireLinux } from "./image-config.ts";
import type { ImageStore } from "./image-store.ts";
import type { LayerStore } from "./layer-store.ts";
import { LayerProgress } from "./progress.ts";
import { familiarString } from "./reference.ts";
import { spool } from "./spool.ts";

export interface LoadContext {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  /** For the archive. */
  readonly temporary: string;
}

interface Loaded extends ArchivedImage {
  readonly config: ImageConfig;
}

/**
 * @param input the archive, plain or compressed
 * @returns the images' ids
 * @throws `invalid` when a part is missing, damaged or does not match its digest; then nothing is kept
 */
export async function loadImages(context: LoadContext, input: Readable, progress: Progress): Promise<string[]> {
  context.layers.warm();
  try {
    await using file = await spool(input, context.temporary, true);
    const archive = await ArchiveIndex.read(file.path);
    const images = (await imagesOf(archive)).map(withConfig);
    using _pins = context.layers.pin(images.flatMap(({ config }) => config.diffIds));
    for (const image of images) await loadLayers(context.layers, archive, image, progress);
    return record(context, images, progress);
  } catch (error) {
    await context.layers.collect();
    throw error;
  }
}

function withConfig(image: ArchivedImage): Loaded {
  const config = requireLinux(parseImageConfig(image.json));
  const [expected, got] = [config.diffIds.length, image.layers.length];
  if (expected !== got) {
    throw invalid(`invalid manifest, layers length mismatch: expected ${expected}, got ${got}`, "CTR_ARCHIVE_INVALID");
  }
  return { ...image, config };
}

async function loadLayers(layers: LayerStore, archive: ArchiveIndex, image: Loaded, progress: Progress): Promise<void> {
  await settleAll(
    image.layers.map(({ file, digest }, index) => {
      const diffId = image.config.diffIds[index] as string;
      const layer = new LayerProgress(progress, shortId(diffId));
      return layers.ensure({
        diffId,
        ...(digest === undefined ? {} : { digest }),
        open: async () => ({ part: archive.part(file), async [Symbol.asyncDispose]() {} }),
        onRead: (read, total) => layer.amount("Loading layer", read, total),
      });
    }),
  );
}

function record({ images: store, layers }: LoadContext, images: readonly Loaded[], progress: Progress): string[] {
  const ids = store.add(
    images.map(({ json, config, names }) => {
      const size = config.diffIds.reduce((sum, diffId) => sum + layers.sizeOf(diffId), 0);
      return { json, config, size, names };
    }),
  );
  for (const { names, json } of images) {
    for (const name of names) progress({ stream: `Loaded image: ${familiarString(name)}\n` });
    if (names.length === 0) progress({ stream: `Loaded image ID: ${digestOf(json)}\n` });
  }
  return ids;
}
