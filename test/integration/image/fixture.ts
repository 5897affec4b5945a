/** An engine's images and snapshots alone, in a data root of their own. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { Store } from "../../../lib/store.ts";
import { EventBus } from "../../../runtime/events.ts";
import { ImageService, imageMigrations, SnapshotService } from "../../../runtime/image/index.ts";
import type { ProgressMessage } from "../../../runtime/types.ts";

export class ImageFixture implements AsyncDisposable {
  readonly dataRoot: string;
  readonly store: Store;
  readonly images: ImageService;
  readonly snapshots: SnapshotService;
  /** Everything that {@link progress} was told. */
  readonly messages: ProgressMessage[] = [];
  readonly events: EventBus;
  readonly progress = (message: ProgressMessage): void => void this.messages.push(message);

  private constructor(dataRoot: string, store: Store, images: ImageService, events: EventBus) {
    this.dataRoot = dataRoot;
    this.store = store;
    this.images = images;
    this.events = events;
    this.snapshots = new SnapshotService({ store, dataRoot, images, logger: silentLogger });
  }

  /** @param dataRoot a new directory by default; a given one is opened again, as after a restart */
  static async open(dataRoot = mkdtempSync(join(tmpdir(), "ctr-img-"))): Promise<ImageFixture> {
    const store = new Store(join(dataRoot, "ctr.db"), [imageMigrations]);
    const events = new EventBus();
    const images = await ImageService.open({ store, dataRoot, logger: silentLogger, events });
    return new ImageFixture(dataRoot, store, images, events);
  }

  /** Names of all directories of layers, whole or partial. */
  layerDirectories(): string[] {
    return readdirSync(join(this.dataRoot, "layers")).filter((name) => name !== "empty");
  }

  temporaryFiles(): string[] {
    return readdirSync(join(this.dataRoot, "tmp"));
  }

  /** Directory with the files of an image's layer. */
  layer(reference: string, index: number): string {
    return this.images.layers.directoryOf(this.images.find(reference).layers[index] ?? "");
  }

  statuses(): string[] {
    return this.messages.flatMap(({ status }) => (status === undefined ? [] : [status]));
  }

  /** Closes it and keeps the data root, as at a stop of the engine. */
  async close(): Promise<void> {
    await this.images[Symbol.asyncDispose]();
    this.store[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.snapshots.list()) this.snapshots.unmount(id);
    await this.close();
    rmSync(this.dataRoot, { recursive: true, force: true });
  }
}
