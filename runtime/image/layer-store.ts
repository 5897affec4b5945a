/**
 * The unpacked layers: one directory `<data-root>/layers/<hex of the diff id>/diff` each, shared by all images that have
 * it. A layer is unpacked beside that place, renamed into it and then recorded in the store; so whatever is in the
 * directory but not in the store is left from a crash, and is removed at the next start.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, invalid, messageOf, systemFailure } from "../../lib/errors.ts";
import { KeyedLock } from "../../lib/keyed-lock.ts";
import type { Logger } from "../../lib/log.ts";
import type { Store } from "../../lib/store.ts";
import { hexOf } from "./digest.ts";
import type { ArchivePart } from "./layer/unpack.ts";
import { Unpacker } from "./layer/unpacker.ts";

export interface LayerStoreOptions {
  readonly store: Store;
  readonly dataRoot: string;
  readonly logger: Logger;
}

/** A layer that somebody wants to have here. */
export interface LayerRequest {
  /** Unknown for an imported file system. */
  readonly diffId?: string;
  /** Of the archive as it comes, checked when given. */
  readonly digest?: string;
  /** Brings the archive. Only called when the layer is not here. What it returns is disposed of afterwards. */
  readonly open: () => Promise<LayerArchive>;
  readonly onRead?: (bytes: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface LayerArchive extends AsyncDisposable {
  readonly part: ArchivePart;
}

/** What to {@link LayerStore.pin} when the diff ids are not known yet. */
export const EVERY_LAYER = "*";

/** Layers with this mark in front are being unpacked. */
const PARTIAL = ".partial-";
const UNREFERENCED = `diff_id NOT IN (SELECT diff_id FROM image_layers)
  AND diff_id NOT IN (SELECT diff_id FROM snapshot_layers)`;

export class LayerStore implements AsyncDisposable {
  /** Stands in for the layers of an image that has none: overlayfs wants at least one. */
  readonly emptyDirectory: string;
  readonly #store: Store;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #unpacker = new Unpacker();
  readonly #lock = new KeyedLock();
  /** Layers that a running pull or load needs, and how many of them do. */
  readonly #pins = new Map<string, number>();

  private constructor({ store, dataRoot, logger }: LayerStoreOptions) {
    this.#store = store;
    this.#directory = join(dataRoot, "layers");
    this.emptyDirectory = join(this.#directory, "empty");
    this.#logger = logger;
  }

  /** Opens the store and removes what a crash left behind. */
  static async open(options: LayerStoreOptions): Promise<LayerStore> {
    const layers = new LayerStore(options);
    // Closed to other users: layers hold set-user-ID programs that may be older than the host's.
    mkdirSync(layers.#directory, { recursive: true, mode: 0o710 });
    mkdirSync(layers.emptyDirectory, { recursive: true });
    await layers.#repair();
    return layers;
  }

  has(diffId: string): boolean {
    return this.#store.get("SELECT 1 FROM layers WHERE diff_id = ?", diffId) !== undefined;
  }

  /** Directory with the layer's files. */
  directoryOf(diffId: string): string {
    return join(this.#directory, hexOf(diffId), "diff");
  }

  /** Bytes of the layer's files. */
  sizeOf(diffId: string): number {
    return this.#store.get<{ size: number }>("SELECT size FROM layers WHERE diff_id = ?", diffId)?.size ?? 0;
  }

  /** Starts what unpacking needs, for a layer that comes soon. */
  warm(): void {
    this.#unpacker.warm();
  }

  /** Keeps layers from being collected until disposed of: they are not part of an image yet. */
  pin(diffIds: Iterable<string>): Disposable {
    const held = [...diffIds];
    for (const diffId of held) this.#pins.set(diffId, (this.#pins.get(diffId) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        for (const diffId of held) this.#unpin(diffId);
      },
    };
  }

  /**
   * Makes sure that a layer is here. Who asks for a layer which another one is bringing waits for that.
   * @returns its diff id
   * @throws `invalid` when a digest does not match or the archive is damaged; `system` when the disk is full
   */
  async ensure(request: LayerRequest): Promise<string> {
    const { diffId } = request;
    if (diffId === undefined) return this.#unpackAndInstall(request);
    await this.#lock.run(diffId, async () => {
      if (!this.has(diffId)) await this.#unpackAndInstall(request);
    });
    return diffId;
  }

  /** Removes the layers that no image, no container and no running pull needs. */
  async collect(): Promise<void> {
    const found = this.#store.all<{ diff_id: string }>(`SELECT diff_id FROM layers WHERE ${UNREFERENCED}`);
    for (const { diff_id: diffId } of found) {
      await this.#lock.run(diffId, () => this.#remove(diffId));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#unpacker[Symbol.asyncDispose]();
  }

  #unpin(diffId: string): void {
    const count = (this.#pins.get(diffId) ?? 0) - 1;
    if (count > 0) this.#pins.set(diffId, count);
    else this.#pins.delete(diffId);
  }

  async #unpackAndInstall(request: LayerRequest): Promise<string> {
    await using archive = await request.open();
    request.signal?.throwIfAborted();
    const partial = join(this.#directory, `${PARTIAL}${randomBytes(8).toString("hex")}`);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => rm(partial, { recursive: true, force: true }));
    const { diffId, size } = await this.#unpack(request, archive.part, partial);
    if (request.diffId === undefined) await this.#lock.run(diffId, () => this.#install(partial, diffId, size));
    else await this.#install(partial, diffId, size);
    return diffId;
  }

  /** Gives an unpacked layer its place, unless another one was faster. */
  async #install(partial: string, diffId: string, size: number): Promise<void> {
    if (this.has(diffId)) return;
    const directory = join(this.#directory, hexOf(diffId));
    await using undo = new AsyncDisposableStack();
    renameSync(partial, directory);
    undo.defer(() => rm(directory, { recursive: true, force: true }));
    this.#store.run("INSERT INTO layers (diff_id, size) VALUES (?, ?)", diffId, size);
    undo.move();
  }

  async #unpack(
    request: LayerRequest,
    archive: ArchivePart,
    partial: string,
  ): Promise<{ readonly diffId: string; readonly size: number }> {
    const directory = join(partial, "diff");
    try {
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      const needsDigest = request.digest !== undefined && request.digest !== request.diffId;
      const result = await this.#unpacker.unpack(
        { archive, directory, needsDigest },
        { onRead: (bytes) => request.onRead?.(bytes, archive.length), signal: request.signal },
      );
      if (needsDigest) checkDigestOf("layer", request.digest, result.digest);
      checkDigestOf("uncompressed layer", request.diffId, result.diffId);
      return result;
    } catch (error) {
      throw registrationFailure(error, this.#directory);
    }
  }

  async #remove(diffId: string): Promise<void> {
    if (this.#pins.has(diffId) || this.#pins.has(EVERY_LAYER)) return;
    const removed = this.#store.run(`DELETE FROM layers WHERE diff_id = ? AND ${UNREFERENCED}`, diffId);
    if (removed === 0) return;
    await rm(join(this.#directory, hexOf(diffId)), { recursive: true, force: true });
  }

  async #repair(): Promise<void> {
    await this.collect();
    const known = new Set(
      this.#store.all<{ diff_id: string }>("SELECT diff_id FROM layers").map((row) => hexOf(row.diff_id)),
    );
    for (const name of readdirSync(this.#directory)) {
      if (known.has(name) || name === "empty") continue;
      this.#logger.info("Removing what is left of a layer that was being unpacked.", { layer: name });
      // The process that was unpacking it may live a moment longer than the engine that was killed.
      rmSync(join(this.#directory, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    }
  }
}

function checkDigestOf(what: string, expected: string | undefined, actual: string | undefined): void {
  if (expected === undefined || expected === actual) return;
  throw invalid(`digest mismatch: the ${what} should be ${expected} and is ${actual}`, "CTR_DIGEST_MISMATCH");
}

/** Docker's words in front; a full disk also says where. */
function registrationFailure(error: unknown, directory: string): unknown {
  if (!hasCode(error, "ENOSPC", "EDQUOT")) return error;
  const text = messageOf(error).includes("no space left on device")
    ? messageOf(error)
    : `${messageOf(error)}: no space left on device`;
  return systemFailure(`failed to register layer: ${text}`, {
    code: "CTR_DISK_FULL",
    hint: `free some space on the file system of ${directory}`,
    cause: error,
  });
}
