/**
 * The writable file systems of containers: an overlay of the image's layers and a directory of the container's own,
 * `<data-root>/containers-fs/<id>/{diff,work,merged}` (kernel: overlayfs.rst).
 */
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, notFound } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Store } from "../../lib/store.ts";
import { unmount } from "../../lib/system/mount.ts";
import { sizeOfTree } from "../../lib/tree-size.ts";
import { mountOverlay } from "./overlay.ts";
import type { ImageService } from "./service.ts";
import { checkSpace, FIRST_PROJECT, freeSpace, limitSpace, spaceOf } from "./space.ts";

export interface SnapshotServiceOptions {
  readonly store: Store;
  readonly dataRoot: string;
  readonly images: ImageService;
  readonly logger: Logger;
}

export interface SnapshotSizes {
  /** Bytes that the container has written (`SizeRw`). */
  readonly writable: number;
  /** Bytes of all that it sees (`SizeRootFs`). */
  readonly rootFs: number;
}

interface SpaceLimit {
  readonly project: number;
  readonly bytes: number;
}

/** Directories with this mark in front are being removed. */
const REMOVED = ".removed-";

export class SnapshotService {
  readonly #store: Store;
  readonly #directory: string;
  readonly #images: ImageService;
  readonly #logger: Logger;

  /** Also removes what a crash left behind. */
  constructor({ store, dataRoot, images, logger }: SnapshotServiceOptions) {
    this.#store = store;
    this.#directory = join(dataRoot, "containers-fs");
    this.#images = images;
    this.#logger = logger;
    mkdirSync(this.#directory, { recursive: true, mode: 0o710 });
    this.#repair();
  }

  /**
   * Makes an empty writable layer on top of an image. The image's layers stay as long as it exists.
   * @param options `--storage-opt`
   * @throws `invalid`, `unsupported` for options that cannot be; the Node system error; then nothing is kept
   */
  create(containerId: string, imageId: string, options: Readonly<Record<string, string>> = {}): void {
    const { layers } = this.#images.find(imageId);
    const space = spaceOf(options);
    if (space !== undefined) checkSpace(this.#directory);
    using undo = new DisposableStack();
    this.#store.transaction(() => {
      this.#store.run("INSERT INTO snapshots (container_id, image_id) VALUES (?, ?)", containerId, imageId);
      for (const [position, diffId] of layers.entries()) {
        const sql = "INSERT INTO snapshot_layers (container_id, position, diff_id) VALUES (?, ?, ?)";
        this.#store.run(sql, containerId, position, diffId);
      }
      const limit = space === undefined ? undefined : { project: this.#takeProject(containerId), bytes: space };
      this.#makeDirectories(containerId, layers[0], limit);
      // The end of the transaction may still fail, on a full disk.
      undo.defer(() => rmSync(join(this.#directory, containerId), { recursive: true, force: true }));
    });
    undo.move();
  }

  /**
   * Mounts the root file system. One that is mounted already stays as it is.
   * @returns its path
   * @throws {SystemCallError}, `notFound` without {@link create}
   */
  mount(containerId: string): string {
    const target = this.path(containerId);
    if (this.#isMounted(containerId)) return target;
    const directory = join(this.#directory, containerId);
    mountOverlay({
      lower: this.#lowerDirectories(containerId),
      upper: join(directory, "diff"),
      work: join(directory, "work"),
      target,
    });
    return target;
  }

  /** A container that is not mounted, or not there, is fine. */
  unmount(containerId: string): void {
    unmount(this.path(containerId));
  }

  /** Unmounts and removes the writable layer. One that is not there is fine. */
  async remove(containerId: string): Promise<void> {
    this.unmount(containerId);
    const directory = join(this.#directory, containerId);
    const doomed = join(this.#directory, `${REMOVED}${containerId}`);
    try {
      renameSync(directory, doomed);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    const imageId = this.#imageOf(containerId);
    // Files first: on a full disk the store can only write when they are gone.
    await rm(doomed, { recursive: true, force: true });
    this.#freeProject(containerId);
    this.#store.run("DELETE FROM snapshots WHERE container_id = ?", containerId);
    if (imageId !== undefined && !this.#imageExists(imageId)) await this.#images.layers.collect();
  }

  /** Where {@link mount} puts the root file system. */
  path(containerId: string): string {
    return join(this.#directory, containerId, "merged");
  }

  /** Ids of the containers that have a writable layer. */
  list(): string[] {
    return this.#store.all<{ id: string }>("SELECT container_id AS id FROM snapshots").map(({ id }) => id);
  }

  /** Walks the writable layer: for `ps --size`, not for every list. */
  async sizes(containerId: string): Promise<SnapshotSizes> {
    const writable = await sizeOfTree(join(this.#directory, containerId, "diff"));
    const sum =
      "SELECT COALESCE(SUM(size), 0) AS size FROM snapshot_layers JOIN layers USING (diff_id) WHERE container_id = ?";
    return { writable, rootFs: writable + (this.#store.get<{ size: number }>(sum, containerId)?.size ?? 0) };
  }

  #makeDirectories(containerId: string, lowest: string | undefined, limit: SpaceLimit | undefined): void {
    const directory = join(this.#directory, containerId);
    try {
      mkdirSync(directory, { mode: 0o710 });
      if (limit !== undefined) limitSpace(directory, limit.project, limit.bytes);
      for (const name of ["diff", "work", "merged"]) mkdirSync(join(directory, name), { mode: 0o755 });
      // The root of an overlay has the owner and mode of its topmost directory: they should be the image's.
      if (lowest === undefined) return;
      const { mode, uid, gid } = statSync(this.#images.layers.directoryOf(lowest));
      chownSync(join(directory, "diff"), uid, gid);
      chmodSync(join(directory, "diff"), mode & 0o7777);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  #takeProject(containerId: string): number {
    const sql = "SELECT COALESCE(MAX(project) + 1, ?) AS project FROM snapshots";
    const project = this.#store.get<{ project: number }>(sql, FIRST_PROJECT)?.project ?? FIRST_PROJECT;
    this.#store.run("UPDATE snapshots SET project = ? WHERE container_id = ?", project, containerId);
    return project;
  }

  /** Numbers are used again: the next container with it must not be limited by this one's. */
  #freeProject(containerId: string): void {
    const sql = "SELECT project FROM snapshots WHERE container_id = ?";
    const project = this.#store.get<{ project: number | null }>(sql, containerId)?.project;
    if (typeof project === "number") freeSpace(this.#directory, project);
  }

  /** Topmost first. A layer that occurs twice counts where it is on top: overlayfs refuses it twice. */
  #lowerDirectories(containerId: string): string[] {
    if (this.#imageOf(containerId) === undefined) {
      throw notFound(`container ${containerId} has no file system`, "CTR_SNAPSHOT_NOT_FOUND");
    }
    const sql = "SELECT diff_id AS id FROM snapshot_layers WHERE container_id = ? ORDER BY position DESC";
    const { layers } = this.#images;
    const ids = new Set(this.#store.all<{ id: string }>(sql, containerId).map(({ id }) => id));
    return ids.size === 0 ? [layers.emptyDirectory] : [...ids].map((id) => layers.directoryOf(id));
  }

  #imageOf(containerId: string): string | undefined {
    const sql = "SELECT image_id AS id FROM snapshots WHERE container_id = ?";
    return this.#store.get<{ id: string }>(sql, containerId)?.id;
  }

  #imageExists(imageId: string): boolean {
    return this.#store.get("SELECT 1 FROM images WHERE id = ?", imageId) !== undefined;
  }

  /** A mount point is on another device than the directory that it is in. */
  #isMounted(containerId: string): boolean {
    const target = statSync(this.path(containerId), { throwIfNoEntry: false });
    const parent = statSync(join(this.#directory, containerId), { throwIfNoEntry: false });
    return target !== undefined && parent !== undefined && target.dev !== parent.dev;
  }

  #repair(): void {
    const known = new Set(this.list());
    for (const name of readdirSync(this.#directory)) {
      if (known.has(name)) continue;
      this.#logger.info("Removing the file system of a container that does not exist.", { container: name });
      unmount(join(this.#directory, name, "merged"));
      rmSync(join(this.#directory, name), { recursive: true, force: true });
    }
  }
}
