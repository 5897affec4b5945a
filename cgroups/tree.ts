/**
 * The groups below one parent, in every hierarchy: one group per id, one per named group, and below a group one per exec.
 * Nothing outside of the parent is ever written, but for handing down v2 controllers to it.
 */
import { dirname } from "node:path";
import { hasCode, invalid, messageOf, notFound, systemFailure } from "../lib/errors.ts";
import type { CgroupHost, Hierarchy } from "./host.ts";
import { removeEmpty } from "./remove.ts";
import { makeRoom } from "./room.ts";
import { fillCpuset, hasCpuset } from "./v1.ts";
import { enableControllers } from "./v2.ts";

/** Stands for the parent itself, thus for all its groups together, where an id is asked for. */
export const WHOLE = "*";

/** What tells a named group from the group of a container: `/ctr/web.group`. */
const GROUP_SUFFIX = ".group";

const NAME = "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}";
/** A group, or a child of it: `<id>`, `<id>/exec-1`. */
const ID = new RegExp(`^${NAME}(?:/${NAME})?$`);
/** The leaf for processes of a group that gets groups below it. */
const LEAF = "main";
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
    if (id === WHOLE) return this.parent;
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

  /** Ids of all groups but the named ones, also of those that exist only in some hierarchies (after a crash). */
  list(): string[] {
    return this.#directories().filter((name) => ID.test(name) && !name.endsWith(GROUP_SUFFIX));
  }

  #directories(): string[] {
    const ids = new Set<string>();
    for (const { directory } of this.host.hierarchies) {
      const parent = `${directory}${this.parent}`;
      if (!this.host.files.exists(parent)) continue;
      for (const id of this.host.files.directories(parent)) ids.add(id);
    }
    return [...ids].sort();
  }

  /** Names of the named groups below the parent. */
  groups(): string[] {
    const names = this.#directories().filter((name) => name.endsWith(GROUP_SUFFIX));
    return names.map((name) => name.slice(0, -GROUP_SUFFIX.length));
  }

  /**
   * Makes the group in one hierarchy, ready to take processes.
   * @returns false when it was there
   */
  make(hierarchy: Hierarchy, id: string): boolean {
    this.#prepareParent();
    const directory = this.directoryOf(hierarchy, id);
    try {
      this.#makeRoomAbove(hierarchy, id);
      return makeDirectory(this.host, directory);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    // Somebody removed the parent since: make it again.
    this.#parentIsReady = false;
    this.#prepareParent();
    try {
      this.#makeRoomAbove(hierarchy, id);
      return makeDirectory(this.host, directory);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      throw notFound(`no such cgroup: ${dirname(this.pathOf(id))}`, "CTR_CGROUP_NOT_FOUND");
    }
  }

  /** A group inside of another, which may have processes. */
  #makeRoomAbove(hierarchy: Hierarchy, id: string): void {
    if (hierarchy.version !== 2 || !id.includes("/")) return;
    makeRoom(this.host.files, dirname(this.directoryOf(hierarchy, id)), LEAF);
  }

  /** The parent and all levels above it, in every hierarchy. Idempotent; done once as it costs as much as a group. */
  #prepareParent(): void {
    if (this.#parentIsReady) return;
    for (const hierarchy of this.host.hierarchies) {
      let directory = hierarchy.directory;
      for (const name of this.parent.slice(1).split("/")) {
        if (hierarchy.version === 2) this.#handDown(directory);
        directory += `/${name}`;
        makeDirectory(this.host, directory);
        if (hasCpuset(hierarchy)) fillCpuset(this.host.files, directory);
      }
      if (hierarchy.version === 2) enableControllers(this.host.files, directory);
    }
    this.#parentIsReady = true;
  }

  /** Makes the parent, or a named group, so that groups can be made below it. */
  makeParent(id: string): void {
    if (id === WHOLE) this.#prepareParent();
    else new GroupTree(this.host, this.pathOf(id)).makeParent(WHOLE);
  }

  /**
   * A group that was delegated to us may hold processes, at the least this one: the real root alone may keep them beside
   * groups. Only the root has no cgroup.type.
   */
  #handDown(directory: string): void {
    const { files, unified } = this.host;
    if (directory === unified?.directory && files.exists(`${directory}/cgroup.type`)) makeRoom(files, directory, LEAF);
    else enableControllers(files, directory);
  }

  /** Removes the parent where it is empty, and says nothing where it is not. */
  removeParent(): void {
    this.#parentIsReady = false;
    for (const { directory } of this.host.hierarchies) {
      for (let level = this.parent; level !== "/"; level = dirname(level)) {
        if (!removeEmpty(this.host.files, `${directory}${level}`)) break;
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

/**
 * The path that `--cgroup-parent` means: absolute as it is, a name as the named group of that name below `parent`.
 * @throws `invalid`
 */
export function parentPath(parent: string, wanted: string): string {
  const path = wanted.startsWith("/") ? wanted.replace(/\/+$/, "") : `${parent}/${groupId(wanted)}`;
  if (PARENT.test(path)) return path;
  throw invalid(`invalid cgroup parent: "${wanted}"`, {
    code: "CTR_CGROUP_PARENT_INVALID",
    hint: "give the name of a group, or an absolute path below the root of the cgroup file system",
  });
}

/** The id under which a named group is limited, read and removed like any other. @throws `invalid` for a bad name */
export function groupId(name: string): string {
  if (new RegExp(`^${NAME}$`).test(name) && !name.endsWith(GROUP_SUFFIX)) return `${name}${GROUP_SUFFIX}`;
  throw invalid(`invalid group name: "${name}"`, {
    code: "CTR_CGROUP_GROUP_INVALID",
    hint: "a name has letters, digits, dots, dashes and underscores",
  });
}
