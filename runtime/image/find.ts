/** Which image a reference means: a name, a digest, an id or the beginning of one, in Docker's order. */
import { notFound } from "../../lib/errors.ts";
import { isDigest } from "./digest.ts";
import type { ImageStore } from "./image-store.ts";
import { familiarString, parseReference, type Reference, withDefaultTag } from "./reference.ts";

const FULL_ID = /^[0-9a-f]{64}$/;
const ID_PREFIX = /^(?:sha256:)?([0-9a-f]{1,64})$/;

/** How the image was named: removing by id and removing by name are different things. */
export interface FoundImage {
  readonly id: string;
  /** Set when it was found by a name. */
  readonly name?: Reference;
}

/**
 * @throws `notFound` with Docker's text, `invalid` when `text` can be no reference
 */
export function findImage(images: ImageStore, text: string): FoundImage {
  if (FULL_ID.test(text) || isDigest(text)) {
    const [id] = images.idsWithPrefix(text.replace("sha256:", ""));
    if (id === undefined) throw noSuchImage(FULL_ID.test(text) ? `sha256:${text}` : text);
    return { id };
  }
  const prefix = ID_PREFIX.exec(text)?.[1];
  const name = referenceOf(text, prefix !== undefined);
  const named = name === undefined ? undefined : images.idOf(name);
  if (name !== undefined && named !== undefined) return { id: named, name: withDefaultTag(name) };
  const [id, another] = prefix === undefined ? [] : images.idsWithPrefix(prefix);
  if (id !== undefined && another === undefined) return { id };
  throw noSuchImage(name === undefined ? text : familiarString(withDefaultTag(name)));
}

/** An id such as `sha256:abc` may be no valid reference, and still be found. */
function referenceOf(text: string, maybeId: boolean): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (maybeId) return undefined;
    throw error;
  }
}

const noSuchImage = (text: string): Error =>
  notFound(`No such image: ${text}`, {
    code: "CTR_IMAGE_NOT_FOUND",
    hint: "list the images with `ctr images`, or bring it here with `ctr pull`",
  });
