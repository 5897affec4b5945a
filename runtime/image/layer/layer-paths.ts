/**
 * Where an entry of a layer lands. Names come from a stranger: whatever they say, the result is inside the layer's
 * directory. Symbolic links on the way are followed as the container would follow them, with the layer as its root.
 * Paths are strings with one character a byte, see tar-headers.ts.
 */
import { chmodSync, lstatSync, mkdirSync, readlinkSync } from "node:fs";
import { hasCode, invalid } from "../../../lib/errors.ts";

const MOST_LINKS = 40;

/** A path as the file system calls take it. */
export const pathBytes = (path: string): Buffer => Buffer.from(path, "latin1");

/**
 * The components of a name, lexically cleaned as Docker does: `./a//b/../c` is `a/c`, and a leading slash means the
 * layer's root.
 * @throws `invalid` when it leads above the root
 */
export function componentsOf(name: string): string[] {
  const components: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") components.push(part);
    else if (components.pop() === undefined) throw escapes(name);
  }
  return components;
}

export class LayerPaths {
  readonly root: string;
  /** Directories that were seen to be real ones, by their path from the root; `""` is the root. */
  readonly #directories = new Set<string>([""]);

  /** @param root absolute path of an existing directory */
  constructor(root: string) {
    this.root = Buffer.from(root).toString("latin1");
  }

  absolute(path: string): string {
    return path === "" ? this.root : `${this.root}/${path}`;
  }

  /**
   * Path from the root at which `name` is to be made: its parents are real directories, made where they are missing.
   * @throws `invalid` when it would be outside, or a parent is a file or a link to nowhere
   */
  locate(name: string): string {
    const components = componentsOf(name);
    const last = components.pop();
    if (last === undefined) return "";
    const parent = this.#directory(components, name);
    return parent === "" ? last : `${parent}/${last}`;
  }

  /** Call when something that may have been a directory was removed. */
  forget(path: string): void {
    for (const known of this.#directories) {
      if (known === path || known.startsWith(`${path}/`)) this.#directories.delete(known);
    }
  }

  /** Call when `path` was made as a directory. */
  remember(path: string): void {
    this.#directories.add(path);
  }

  #directory(components: readonly string[], name: string): string {
    const joined = components.join("/");
    if (this.#directories.has(joined)) return joined;
    let at: string[] = [];
    let pending = [...components];
    for (let links = 0; ; ) {
      const component = pending.shift();
      if (component === undefined) return at.join("/");
      const path = [...at, component].join("/");
      const target = this.#directories.has(path) ? undefined : this.#enter(path, name, links > 0);
      if (target === undefined) {
        at.push(component);
        continue;
      }
      links++;
      if (links > MOST_LINKS) throw invalid(`layer entry "${name}": too many symbolic links`, "CTR_LAYER_ESCAPE");
      const absolute = target.startsWith("/");
      pending = [...componentsOf(absolute ? target : [...at, target].join("/")), ...pending];
      at = [];
    }
  }

  /** Makes sure that `path` is a directory. @returns its target when it is a symbolic link */
  #enter(path: string, name: string, throughLink: boolean): string | undefined {
    const bytes = pathBytes(this.absolute(path));
    try {
      const stat = lstatSync(bytes);
      if (stat.isSymbolicLink()) return readlinkSync(bytes, { encoding: "latin1" });
      if (!stat.isDirectory())
        throw invalid(`layer entry "${name}": "${path}" is not a directory`, "CTR_LAYER_INVALID");
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      if (throughLink) throw escapes(name);
      mkdirSync(bytes);
      chmodSync(bytes, 0o755);
    }
    this.#directories.add(path);
    return undefined;
  }
}

const escapes = (name: string): Error => invalid(`layer entry "${name}" leads out of the layer`, "CTR_LAYER_ESCAPE");
