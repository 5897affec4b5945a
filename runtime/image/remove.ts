/**
 * `rmi` with Docker's rules: a name is untagged, and the image goes with its last name; an id removes the image with all
 * its names. Docker counts conflicts as hard (never removed) or soft (removed by force).
 */
import { conflict } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import { findImage } from "./find.ts";
import type { ImageStore } from "./image-store.ts";
import { familiarName, familiarString, type Reference } from "./reference.ts";

export interface RemoveOptions {
  readonly force: boolean;
  /** Id of a container that uses the image. */
  readonly inUse: (imageId: string) => string | undefined;
  /** Id of a running container that uses the image: even force does not remove it then. */
  readonly running?: (imageId: string) => string | undefined;
}

/** One line of the answer. */
export interface RemovedImage {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

/**
 * Changes the store only: layers are collected afterwards. Part of a transaction of the caller's.
 * @throws `notFound`, or `conflict` with Docker's texts
 */
export function removeImage(images: ImageStore, reference: string, options: RemoveOptions): RemovedImage[] {
  const { id, name } = findImage(images, reference);
  const removal = new Removal(images, id, options);
  return name === undefined ? removal.byId() : removal.byName(name, reference);
}

class Removal {
  readonly #images: ImageStore;
  readonly #id: string;
  readonly #options: RemoveOptions;
  readonly #records: RemovedImage[] = [];

  constructor(images: ImageStore, id: string, options: RemoveOptions) {
    this.#images = images;
    this.#id = id;
    this.#options = options;
  }

  byName(name: Reference, asWritten: string): RemovedImage[] {
    const container = this.#options.force || !this.#hasOneName() ? undefined : this.#options.inUse(this.#id);
    if (container !== undefined) {
      throw this.#refusal(
        `conflict: unable to remove repository reference "${asWritten}" (must force) - container ${shortId(container)} is using its referenced image ${shortId(this.#id)}`,
      );
    }
    this.#untag(name);
    this.#untagLonelyDigests(name);
    if (this.#names().length > 0) return this.#records;
    // The name is gone in any case; whether the image goes too depends on its users.
    if (this.#options.inUse(this.#id) === undefined && !this.#images.hasChildren(this.#id)) this.#delete();
    else if (this.#options.force && this.#hardConflict() === undefined) this.#delete();
    return this.#records;
  }

  byId(): RemovedImage[] {
    const hard = this.#hardConflict();
    if (hard !== undefined) throw this.#conflict("cannot be forced", hard);
    const { force, inUse } = this.#options;
    if (!force) {
      if (!this.#hasOneName()) throw this.#conflict("must be forced", "image is referenced in multiple repositories");
      const container = inUse(this.#id);
      if (container !== undefined) {
        throw this.#conflict("must be forced", `image is being used by stopped container ${shortId(container)}`);
      }
    }
    for (const name of this.#names()) this.#untag(name);
    this.#delete();
    return this.#records;
  }

  #hardConflict(): string | undefined {
    if (this.#images.hasChildren(this.#id)) return "image has dependent child images";
    const running = this.#options.running?.(this.#id);
    return running === undefined ? undefined : `image is being used by running container ${shortId(running)}`;
  }

  #names(): Reference[] {
    return this.#images.namesOf(this.#id);
  }

  /** Digests do not count: they come along with a tag. */
  #hasOneName(): boolean {
    return this.#names().filter(({ digest }) => digest === undefined).length <= 1;
  }

  #untag(name: Reference): void {
    // A reference by tag and digest means the digest.
    const { tag, ...rest } = name;
    const exact = name.digest === undefined ? name : rest;
    this.#images.removeName(exact);
    this.#records.push({ Untagged: familiarString(exact) });
  }

  /** With the last tag of a repository its digests go as well. */
  #untagLonelyDigests(removed: Reference): void {
    if (removed.digest !== undefined) return;
    const rest = this.#names().filter((name) => familiarName(name) === familiarName(removed));
    if (rest.some(({ digest }) => digest === undefined)) return;
    for (const name of rest) this.#untag(name);
  }

  #delete(): void {
    this.#images.delete(this.#id);
    this.#records.push({ Deleted: this.#id });
  }

  #conflict(force: string, reason: string): Error {
    return this.#refusal(`conflict: unable to delete ${shortId(this.#id)} (${force}) - ${reason}`);
  }

  #refusal(text: string): Error {
    return conflict(text, {
      code: "CTR_IMAGE_IN_USE",
      hint: "remove the containers first (`ctr ps -a` shows them), or use --force where it is offered",
    });
  }
}
