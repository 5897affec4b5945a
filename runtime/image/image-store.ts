/** Images, their names and the layers they consist of, as the store keeps them. */
import type { Store } from "../../lib/store.ts";
import type { Image } from "../types.ts";
import { digestOf } from "./digest.ts";
import { type ImageConfig, parseImageConfig } from "./image-config.ts";
import { familiarString, type Reference, referenceOfRepository, repositoryOf, withDefaultTag } from "./reference.ts";

/** An image that is to be recorded; all its layers are here. */
export interface NewImage {
  /** The configuration, byte for byte. */
  readonly json: string;
  readonly config: ImageConfig;
  /** Bytes of the unpacked layers. */
  readonly size: number;
  /** Each gets a tag, or the digest that it was pulled by, or both. */
  readonly names: readonly Reference[];
}

interface ImageRow {
  readonly id: string;
  readonly config: string;
  readonly size: number;
  readonly parent: string;
}

interface NameRow {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

export class ImageStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Records images, all or none. @returns their ids */
  add(images: readonly NewImage[]): string[] {
    return this.#store.transaction(() => images.map((image) => this.#add(image)));
  }

  get(id: string): Image | undefined {
    const row = this.#store.get<ImageRow>("SELECT id, config, size, parent FROM images WHERE id = ?", id);
    return row === undefined ? undefined : this.#imageOf(row);
  }

  /** Newest first. */
  list(): Image[] {
    const images = this.#store
      .all<ImageRow>("SELECT id, config, size, parent FROM images")
      .map((row) => this.#imageOf(row));
    return images.sort((one, other) => Date.parse(other.created) - Date.parse(one.created));
  }

  /** Id of the image that has this name. */
  idOf(reference: Reference): string | undefined {
    const { digest, tag } = withDefaultTag(reference);
    const repository = repositoryOf(reference);
    const row =
      digest === undefined
        ? this.#store.get<{ image_id: string }>(
            "SELECT image_id FROM image_tags WHERE repository = ? AND tag = ?",
            repository,
            tag ?? "",
          )
        : this.#store.get<{ image_id: string }>(
            "SELECT image_id FROM image_digests WHERE repository = ? AND digest = ?",
            repository,
            digest,
          );
    return row?.image_id;
  }

  /** Ids that begin with these hex digits; two at most, which is enough to see that it is not one. */
  idsWithPrefix(hex: string): string[] {
    const range = [`sha256:${hex}`, `sha256:${hex}g`];
    const rows = this.#store.all<{ id: string }>("SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2", ...range);
    return rows.map(({ id }) => id);
  }

  /** Tags and digests of an image, each one reference. */
  namesOf(id: string): Reference[] {
    const rows = [
      ...this.#store.all<NameRow>("SELECT repository, tag FROM image_tags WHERE image_id = ? ORDER BY 1, 2", id),
      ...this.#store.all<NameRow>("SELECT repository, digest FROM image_digests WHERE image_id = ? ORDER BY 1, 2", id),
    ];
    return rows.map(({ repository, tag, digest }) =>
      referenceOfRepository(repository, digest === undefined ? { tag: tag ?? "" } : { digest }),
    );
  }

  /** Gives an image a name, which is taken from the image that has it. */
  addName(id: string, reference: Reference): void {
    const repository = repositoryOf(reference);
    if (reference.tag !== undefined) {
      const sql = "INSERT OR REPLACE INTO image_tags (repository, tag, image_id) VALUES (?, ?, ?)";
      this.#store.run(sql, repository, reference.tag, id);
    }
    if (reference.digest !== undefined) {
      const sql = "INSERT OR REPLACE INTO image_digests (repository, digest, image_id) VALUES (?, ?, ?)";
      this.#store.run(sql, repository, reference.digest, id);
    }
  }

  removeName({ digest, tag = "", ...repository }: Reference): void {
    const name = repositoryOf(repository);
    if (digest !== undefined)
      this.#store.run("DELETE FROM image_digests WHERE repository = ? AND digest = ?", name, digest);
    else this.#store.run("DELETE FROM image_tags WHERE repository = ? AND tag = ?", name, tag);
  }

  /** Forgets an image with its names; its layers stay until they are collected. */
  delete(id: string): void {
    this.#store.run("DELETE FROM images WHERE id = ?", id);
  }

  hasChildren(id: string): boolean {
    return this.#store.get("SELECT 1 FROM images WHERE parent = ?", id) !== undefined;
  }

  #add({ json, config, size, names }: NewImage): string {
    const id = digestOf(json);
    this.#store.run("INSERT OR IGNORE INTO images (id, config, size) VALUES (?, ?, ?)", id, json, size);
    for (const [position, diffId] of config.diffIds.entries()) {
      const sql = "INSERT OR IGNORE INTO image_layers (image_id, position, diff_id) VALUES (?, ?, ?)";
      this.#store.run(sql, id, position, diffId);
    }
    for (const name of names) this.addName(id, name);
    return id;
  }

  #imageOf({ id, config: json, size, parent }: ImageRow): Image {
    const { diffIds, ...rest } = parseImageConfig(json);
    const names = this.namesOf(id);
    return {
      id,
      repoTags: names.filter(({ digest }) => digest === undefined).map(familiarString),
      repoDigests: names.filter(({ digest }) => digest !== undefined).map(familiarString),
      parent,
      ...rest,
      size,
      layers: diffIds,
    };
  }
}
