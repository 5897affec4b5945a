/** Makes an image of one layer from the archive of a root file system. */
import type { Readable } from "node:stream";
import { invalid } from "../../lib/errors.ts";
import type { Platform } from "../types.ts";
import { applyChanges } from "./changes.ts";
import { parseImageConfig } from "./image-config.ts";
import { EVERY_LAYER } from "./layer-store.ts";
import type { LoadContext } from "./load.ts";
import { parseReference, type Reference, withDefaultTag } from "./reference.ts";
import { spool } from "./spool.ts";

export interface ImportRequest {
  /** Without it the image has no name. */
  readonly reference?: string;
  readonly message?: string;
  readonly changes: readonly string[];
  readonly platform: Platform;
}

/** @returns the image's id. @throws `invalid` for a bad name, change or archive; then nothing is kept */
export async function importImage(context: LoadContext, input: Readable, request: ImportRequest): Promise<string> {
  const names = namesOf(request.reference);
  const config = applyChanges({}, request.changes);
  context.layers.warm();
  try {
    await using file = await spool(input, context.temporary, false);
    using _pin = context.layers.pin([EVERY_LAYER]);
    const diffId = await context.layers.ensure({
      open: async () => ({ part: { path: file.path, start: 0, length: file.size }, async [Symbol.asyncDispose]() {} }),
    });
    const json = configurationOf(request, config, diffId);
    const size = context.layers.sizeOf(diffId);
    const [id = ""] = context.images.add([{ json, config: parseImageConfig(json), size, names }]);
    return id;
  } catch (error) {
    await context.layers.collect();
    throw error;
  }
}

function namesOf(text: string | undefined): readonly Reference[] {
  if (text === undefined || text === "") return [];
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw invalid("cannot import digest reference", "CTR_REFERENCE_INVALID");
  return [withDefaultTag(reference)];
}

function configurationOf({ message, platform }: ImportRequest, config: object, diffId: string): string {
  const created = new Date().toISOString();
  const comment = message === undefined || message === "" ? "Imported from -" : message;
  return JSON.stringify({
    ...platform,
    created,
    comment,
    config,
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created, comment }],
  });
}
