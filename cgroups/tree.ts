/**
 * The groups of one engine: a parent group, in every hierarchy, and below it one group per id. Nothing outside of the
 * parent is ever written, but for handing down v2 controllers to it.
 */
import { dirname } from "node:path";
import { hasCode, invalid, messageOf, systemFailure } from "../lib/errors.ts";
import type { CgroupHost, Hierarchy } from "./host.ts";
import { fillCpuset, hasCpuset } from "./v1.ts";
import { enableControllers } from "./v2.ts";

const ID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
const PARENT = /^(?:\/[a-zA-Z0-9][a-zA-Z0-9_.:-]*)+$/;

export class GroupTree {
  readonly host: CgroupHost;
  readonly parent: string;
  #parentIsReady = false;

  /**
   * @param parent absolute within every hierarchy, `/ctr`; not the root
   * @throws `invalid`
   */
  constructor(host: CgroupHost, parent: string) {
    if (!PARENT.test(parent)) {
      throw invalid(`invalid cgroup parent: "${parent}"`, {
        code: "CTR_CGROUP_PARENT_INVALID",
        hint: "give an absolute path below the root, such as /ctr",
      });
    }
    this.host = host;
    this.parent = parent;
  }

  /**
   * The group's path within every hierarchy.
   * @throws `invalid` for an id that could lead elsewhere
   */
  pathOf(id: string): string {
    if (ID.test(id)) return `${this.parent}/${id}`;
    throw invalid(`invalid cgroup id: "${id}"`, "CTR_CGROUP_ID_INVALID");
  }

  directoryOf(hierarchy: Hierarchy, id: string): string {
    return `${hierarchy.directory}${this.pathOf(id)}`;
  }

  /** The group's directories, one a hierarchy, whether they exist or not. */
  directoriesOf(id: string): string[] {
    return this.host.hierarchies.map((hierarchy) => this.directoryOf(hierarchy, id));
  }

  /** The group's directory in the hierarchy of a controller; undefined where the host has no such controller. */
  controllerDirectory(controller: string, id: string): string | undefined {
    const hierarchy = this.host.controllers.get(controller);
    return hierarchy === undefined ? undefined : this.directoryOf(hierarchy, id);
  }

  /** The group's directory in the v2 hierarchy; undefined on a legacy host. */
  unifiedDirectory(id: string): string | undefined {
    return this.host.unified === undefined ? undefined : this.directoryOf(this.host.unified, id);
  }

  exists(id: string): boolean {
    return this.directoriesOf(id).some((directory) => this.host.files.exists(directory));
  }

  /** Ids of all groups, also of those that exist only in some hierarchies (after a crash). */
  list(): string[] {
    const ids = new Set<string>();
    for (const { directory } of this.host.hierarchies) {
      const parent = `${directory}${this.parent}`;
      if (!this.host.files.exists(parent)) continue;
      for (const id of this.host.files.directories(parent)) ids.add(id);
    }
    return [...ids].filter((id) => ID.test(id)).sort();
  }

  /**
   * Makes the group in one hierarchy, ready to take processes.
   * @returns false when it was there
   */
  make(hierarchy: Hierarchy, id: string): boolean {
    this.#prepareParent();
    const directory = this.directoryOf(hierarchy, id);
    try {
      return makeDirectory(this.host, directory);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    // Somebody removed the parent since: make it again.
    this.#parentIsReady = false;
    this.#prepareParent();
    return makeDirectory(this.host, directory);
  }

  /** The parent and all levels above it, in every hierarchy. Idempotent; done once as it costs as much as a group. */
  #prepareParent(): void {
    if (this.#parentIsReady) return;
    for (const hierarchy of this.host.hierarchies) {
      let directory = hierarchy.directory;
      for (const name of this.parent.slice(1).split("/")) {
        if (hierarchy.version === 2) enableControllers(this.host.files, directory);
        directory += `/${name}`;
        makeDirectory(this.host, directory);
        if (hasCpuset(hierarchy)) fillCpuset(this.host.files, directory);
      }
      if (hierarchy.version === 2) enableControllers(this.host.files, directory);
    }
    this.#parentIsReady = true;
  }

  /** Removes the parent where it is empty, and says nothing where it is not. */
  removeParent(): void {
    this.#parentIsReady = false;
    for (const { directory } of this.host.hierarchies) {
      for (let level = this.parent; level !== "/"; level = dirname(level)) {
        if (!removeEmpty(this.host, `${directory}${level}`)) break;
      }
    }
  }
}

/**
 * @returns false when it was there
 * @throws Node's error when the directory above is missing, else `system`
 */
function makeDirectory(host: CgroupHost, directory: string): boolean {
  try {
    host.files.makeDirectory(directory);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    if (hasCode(error, "ENOENT")) throw error;
    throw systemFailure(`cannot make the cgroup ${directory}: ${messageOf(error)}`, {
      code: "CTR_CGROUP_CREATE_FAILED",
      hint: hasCode(error, "EROFS") ? "the cgroup file system is mounted read-only" : undefined,
      cause: error,
    });
  }
}

function removeEmpty(host: CgroupHost, directory: string): boolean {
  try {
    host.files.removeDirectory(directory);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    if (hasCode(error, "EBUSY", "ENOTEMPTY")) return false;
    throw error;
  }
}
