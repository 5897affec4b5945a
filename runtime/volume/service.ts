/**
 * Volumes: directories that outlive containers, below the data root or the user's own. Rules, texts and events are
 * Docker's of its `local` driver.
 */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CtrError, conflict, messageOf, notFound } from "../../lib/errors.ts";
import { generateId } from "../../lib/ids.ts";
import { KeyedLock } from "../../lib/keyed-lock.ts";
import type { Logger } from "../../lib/log.ts";
import type { Migrations, Store } from "../../lib/store.ts";
import { sizeOfTree } from "../../lib/tree-size.ts";
import type { EventBus } from "../events.ts";
import type { Volume, VolumeRequest } from "../types.ts";
import { boundDirectory } from "./local-options.ts";
import { finishPopulating, isEmptyVolume, populateVolume } from "./populate.ts";
import { checkVolumeName } from "./volume-name.ts";

export const volumeMigrations: Migrations = {
  layer: "volume",
  steps: [
    `CREATE TABLE volumes (
      name TEXT PRIMARY KEY,
      record TEXT NOT NULL
    ) STRICT`,
  ],
};

/** What volumes are told apart by that nobody has named. */
export const ANONYMOUS_LABEL = "com.docker.volume.anonymous";
export const VOLUME_DRIVER = "local";

export interface VolumeServiceOptions {
  /** Must have run {@link volumeMigrations}. */
  readonly store: Store;
  readonly dataRoot: string;
  readonly events: EventBus;
  readonly logger: Logger;
}

export class VolumeService {
  readonly #store: Store;
  readonly #directory: string;
  readonly #events: EventBus;
  readonly #logger: Logger;
  readonly #byName = new Map<string, Volume>();
  /** Of containers that are being made. */
  readonly #held = new Map<string, number>();
  readonly #filling = new KeyedLock();
  #containersOf: (name: string) => readonly string[] = () => [];

  private constructor({ store, dataRoot, events, logger }: VolumeServiceOptions) {
    this.#store = store;
    this.#directory = join(dataRoot, "volumes");
    this.#events = events;
    this.#logger = logger;
    for (const { record } of store.all<{ record: string }>("SELECT record FROM volumes ORDER BY name")) {
      const volume = JSON.parse(record) as Volume;
      this.#byName.set(volume.name, volume);
    }
  }

  /** Makes whole what a crash cut short: directories without a record go, and what was to be filled is filled. */
  static async open(options: VolumeServiceOptions): Promise<VolumeService> {
    const service = new VolumeService(options);
    mkdirSync(service.#directory, { recursive: true, mode: 0o701 });
    for (const name of readdirSync(service.#directory)) {
      if (service.#byName.has(name)) await finishPopulating(service.#mountpoint(name));
      else await rm(join(service.#directory, name), { recursive: true, force: true });
    }
    return service;
  }

  /** @param containersOf ids of the containers, running or not, that have a volume of that name */
  attach(containersOf: (name: string) => readonly string[]): void {
    this.#containersOf = containersOf;
  }

  /** By name. */
  list(): Volume[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws `notFound` with Docker's text */
  find(name: string): Volume {
    const volume = this.#byName.get(name);
    if (volume === undefined) throw notFound(`get ${name}: no such volume`, "CTR_VOLUME_NOT_FOUND");
    return volume;
  }

  /**
   * The volume of that name; a new one when there is none, or when no name is given.
   * @throws `invalid` for name or options, `notFound` with Docker's text for another driver
   */
  ensure({ name: given = "", driver = "", labels = {}, options = {} }: VolumeRequest): {
    readonly volume: Volume;
    readonly created: boolean;
  } {
    const present = this.#byName.get(given);
    if (present !== undefined) return { volume: present, created: false };
    const name = given === "" ? generateId() : given;
    if (driver !== "" && driver !== VOLUME_DRIVER) throw noDriver(name, driver);
    checkVolumeName(name);
    const device = boundDirectory(name, options);
    const mountpoint = this.#mountpoint(name);
    const volume: Volume = {
      name,
      created: `${new Date().toISOString().slice(0, -5)}Z`,
      labels: given === "" ? { ...labels, [ANONYMOUS_LABEL]: "" } : labels,
      options,
      mountpoint,
      source: device ?? mountpoint,
    };
    // The record last: a directory without one is removed when the engine starts.
    mkdirSync(mountpoint, { recursive: true, mode: 0o755 });
    this.#store.run("INSERT INTO volumes (name, record) VALUES (?, ?)", name, JSON.stringify(volume));
    this.#byName.set(name, volume);
    this.#emit("create", name);
    return { volume, created: true };
  }

  /**
   * Fills a volume that is empty, one container at a time, with what the image has at its place.
   * @param rootfs the mounted root of a container that does not run
   * @throws `invalid` with Docker's text where the image has a file
   */
  fill({ name, source }: Volume, rootfs: string, destination: string): Promise<void> {
    return this.#filling.run(name, async () => {
      if (isEmptyVolume(source)) await populateVolume(source, rootfs, destination);
    });
  }

  /** Nobody removes the volume before the result is disposed of: for containers that are not recorded yet. */
  hold(name: string): Disposable {
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const count = (this.#held.get(name) ?? 1) - 1;
        if (count > 0) this.#held.set(name, count);
        else this.#held.delete(name);
      },
    };
  }

  isUsed(name: string): boolean {
    return this.#held.has(name) || this.#containersOf(name).length > 0;
  }

  /** @throws `notFound`, or `conflict` with Docker's text when containers have it */
  async remove(name: string): Promise<void> {
    this.find(name);
    if (this.isUsed(name)) {
      const users = this.#containersOf(name).join(", ");
      throw conflict(`remove ${name}: volume is in use - [${users}]`, "CTR_VOLUME_IN_USE");
    }
    // The record first, so that nobody takes it while its files go, and aside, so that the name is free for another one.
    this.#store.run("DELETE FROM volumes WHERE name = ?", name);
    this.#byName.delete(name);
    const directory = join(this.#directory, name);
    const aside = join(this.#directory, `.removed-${generateId()}`);
    if (existsSync(directory)) renameSync(directory, aside);
    await rm(aside, { recursive: true, force: true });
    this.#emit("destroy", name);
  }

  /** Removes those of the volumes that no container has. @returns their names, and the bytes of their files */
  async prune(volumes: readonly Volume[]): Promise<{ readonly names: readonly string[]; readonly bytes: number }> {
    const names: string[] = [];
    let bytes = 0;
    for (const { name, source, mountpoint } of volumes) {
      if (this.isUsed(name)) continue;
      const size = source === mountpoint ? await sizeOfTree(mountpoint) : 0;
      try {
        await this.remove(name);
        names.push(name);
        bytes += size;
      } catch (error) {
        if (!(error instanceof CtrError)) throw error;
      }
    }
    this.#events.emit("volume", "prune", "", { reclaimed: String(bytes) });
    return { names, bytes };
  }

  /** For `rm -v`: those that nobody else has. */
  async removeUnused(names: readonly string[]): Promise<void> {
    for (const name of new Set(names)) {
      if (!this.#byName.has(name) || this.isUsed(name)) continue;
      await this.remove(name).catch((error: unknown) => this.#logger.error(messageOf(error), { volume: name }));
    }
  }

  #mountpoint(name: string): string {
    return join(this.#directory, name, "_data");
  }

  #emit(action: "create" | "destroy", name: string): void {
    this.#events.emit("volume", action, name, { driver: VOLUME_DRIVER });
  }
}

const noDriver = (name: string, driver: string): CtrError =>
  notFound(`create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`, {
    code: "CTR_VOLUME_DRIVER_UNKNOWN",
    hint: `ctr has the driver ${VOLUME_DRIVER}`,
  });
