/** The images of an engine: bringing them here, finding them by name, taking them away. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { conflict, invalid } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Store } from "../../lib/store.ts";
import type { EventBus } from "../events.ts";
import type { Image, Platform, Progress } from "../types.ts";
import { Limiter } from "./concurrency.ts";
import { findImage } from "./find.ts";
import { ImageStore } from "./image-store.ts";
import { importImage } from "./import.ts";
import { LayerStore } from "./layer-store.ts";
import { loadImages } from "./load.ts";
import { hostPlatform } from "./platform.ts";
import { pullImage } from "./pull.ts";
import { familiarName, familiarString, parseReference, withDefaultTag } from "./reference.ts";
import type { Credentials } from "./registry/authorization.ts";
import { type RemovedImage, type RemoveOptions, removeImage } from "./remove.ts";

export interface ImageServiceOptions {
  readonly store: Store;
  /** Layers go into `<dataRoot>/layers`. */
  readonly dataRoot: string;
  readonly logger: Logger;
  /** Registries that may be asked without TLS: hosts, or IPv4 networks. Loopback ones always may. */
  readonly insecureRegistries?: readonly string[];
  /** Is told what happens to images. */
  readonly events?: Pick<EventBus, "emit">;
}

export interface PullOptions {
  readonly progress: Progress;
  /** The host's by default. */
  readonly platform?: Platform;
  readonly credentials?: Credentials;
  readonly signal?: AbortSignal;
}

export interface ImportOptions {
  readonly reference?: string;
  /** Becomes the image's comment. */
  readonly message?: string;
  /** Dockerfile instructions: `CMD ["sh"]`. */
  readonly changes?: readonly string[];
  readonly platform?: Platform;
}

/** As dockerd's `max-concurrent-downloads`. */
const MOST_DOWNLOADS = 3;

export class ImageService implements AsyncDisposable {
  readonly #store: Store;
  readonly #images: ImageStore;
  readonly #layers: LayerStore;
  readonly #temporary: string;
  readonly #downloads = new Limiter(MOST_DOWNLOADS);
  readonly #insecureRegistries: readonly string[];
  readonly #events: Pick<EventBus, "emit"> | undefined;

  private constructor(options: ImageServiceOptions, layers: LayerStore) {
    this.#store = options.store;
    this.#images = new ImageStore(options.store);
    this.#layers = layers;
    this.#temporary = join(options.dataRoot, "tmp");
    this.#insecureRegistries = options.insecureRegistries ?? [];
    this.#events = options.events;
  }

  /** Opens the images of a data root and removes what a crash left half done. */
  static async open(options: ImageServiceOptions): Promise<ImageService> {
    const service = new ImageService(options, await LayerStore.open(options));
    rmSync(service.#temporary, { recursive: true, force: true });
    mkdirSync(service.#temporary, { recursive: true, mode: 0o700 });
    return service;
  }

  /**
   * Brings an image from its registry. Layers that are here, or on their way for another pull, are not brought again.
   * @param reference without a tag: `latest`
   * @throws with Docker's texts: `notFound`, `unauthorized`, `system` for an unreachable registry, a wrong digest, a full
   * disk; the reason of an aborted signal. Then nothing is kept.
   */
  async pull(reference: string, { platform, ...options }: PullOptions): Promise<Image> {
    const { tag, ...parsed } = withDefaultTag(parseReference(reference));
    // A digest says all; Docker does not tag the image then.
    const name = tag === undefined || parsed.digest !== undefined ? parsed : { ...parsed, tag };
    const id = await pullImage(this.#context(), {
      reference: name,
      platform: platform ?? hostPlatform(),
      ...options,
    });
    const image = this.#get(id);
    this.#tell("pull", image, familiarName(name), familiarString(name));
    return image;
  }

  /**
   * Takes in all images of a `docker save` or OCI layout archive, plain, gzip or zstd.
   * @throws `invalid` when it is damaged; then nothing is kept
   */
  async load(input: Readable, { progress }: { readonly progress: Progress }): Promise<Image[]> {
    const ids = await loadImages(this.#context(), input, progress);
    const images = ids.map((id) => this.#get(id));
    for (const image of images) this.#tell("load", image, image.id);
    return images;
  }

  /**
   * Makes an image of a root file system's tar archive, plain, gzip or zstd.
   * @throws `invalid` for a bad reference, change or archive; then nothing is kept
   */
  async import(input: Readable, { changes = [], platform, ...options }: ImportOptions): Promise<Image> {
    const id = await importImage(this.#context(), input, { ...options, changes, platform: platform ?? hostPlatform() });
    const image = this.#get(id);
    this.#tell("import", image, id);
    for (const name of options.reference === undefined ? [] : image.repoTags) this.#tell("tag", image, name);
    return image;
  }

  /** Newest first. */
  list(): Image[] {
    return this.#images.list();
  }

  /**
   * @param reference name, digest, id or the beginning of an id
   * @throws `notFound` with Docker's text
   */
  find(reference: string): Image {
    return this.#get(findImage(this.#images, reference).id);
  }

  /** Gives an image one more name, taking it from the image that had it. @throws `notFound`, `invalid` */
  tag(reference: string, target: string): void {
    const name = parseReference(target);
    if (name.digest !== undefined) {
      throw invalid("refusing to create a tag with a digest reference", "CTR_REFERENCE_INVALID");
    }
    const image = this.find(reference);
    const tagged = withDefaultTag(name);
    this.#images.addName(image.id, tagged);
    this.#tell("tag", image, familiarString(tagged));
  }

  /** Takes a name, or an image, away. @throws `notFound`, `conflict` with Docker's texts */
  async remove(reference: string, options: RemoveOptions): Promise<RemovedImage[]> {
    const image = this.find(reference);
    const removed = this.#store.transaction(() => removeImage(this.#images, reference, options));
    for (const { Deleted: id } of removed) {
      // Layers' images that went along have no labels that anybody knows.
      if (id === undefined) this.#tell("untag", image, image.id);
      else this.#tell("delete", id === image.id ? image : { id, config: {} }, id);
    }
    await this.#layers.collect();
    return removed;
  }

  /** The unpacked layers, for snapshots. */
  get layers(): LayerStore {
    return this.#layers;
  }

  /** Ends the processes that unpack. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#layers[Symbol.asyncDispose]();
  }

  /** As Docker tells it: an image's labels, and the name that it is about. */
  #tell(action: string, image: Pick<Image, "id" | "config">, name: string, id: string = image.id): void {
    this.#events?.emit("image", action, id, { ...image.config.Labels, name });
  }

  #get(id: string): Image {
    const image = this.#images.get(id);
    if (image === undefined) throw conflict(`image ${id} has just been removed`, "CTR_IMAGE_NOT_FOUND");
    return image;
  }

  #context() {
    return {
      images: this.#images,
      layers: this.#layers,
      temporary: this.#temporary,
      downloads: this.#downloads,
      insecureRegistries: this.#insecureRegistries,
    };
  }
}
