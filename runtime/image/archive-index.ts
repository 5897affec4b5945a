/** The files of a tar archive that lies on disk, by name, without unpacking it: only its headers are read. */
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join, normalize } from "node:path/posix";
import { invalid } from "../../lib/errors.ts";
import { BLOCK, badArchive, type TarEntry, TarHeaders } from "./layer/tar-headers.ts";
import type { ArchivePart } from "./layer/unpack.ts";

const JSON_MAXIMUM = 32 * 2 ** 20;
const MOST_LINKS = 8;

export class ArchiveIndex {
  readonly #path: string;
  readonly #files = new Map<string, { readonly start: number; readonly length: number }>();
  readonly #links = new Map<string, string>();

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws `invalid` when it is no tar archive or is cut off */
  static async read(path: string): Promise<ArchiveIndex> {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    const index = new ArchiveIndex(path);
    const headers = new TarHeaders();
    let position = 0;
    while (position < size) {
      const block = headers.decode(await readExactly(file, position, BLOCK));
      position += BLOCK;
      if (block.kind === "zero") continue;
      const length = block.kind === "extension" ? block.size : block.entry.size;
      if (position + length > size) throw badArchive("unexpected end of the archive");
      if (block.kind === "extension") headers.extend(block.flag, await readExactly(file, position, length));
      else index.#add(block.entry, position);
      position += Math.ceil(length / BLOCK) * BLOCK;
    }
    return index;
  }

  has(name: string): boolean {
    return this.#resolve(name) !== undefined;
  }

  /** Where a file lies. @throws `invalid` when it is not in the archive */
  part(name: string): ArchivePart {
    const found = this.#resolve(name);
    if (found === undefined) throw invalid(`invalid archive: there is no file "${name}"`, "CTR_ARCHIVE_INVALID");
    return { path: this.#path, ...found };
  }

  /** The content of a small file. */
  async text(name: string): Promise<string> {
    const { path, start, length } = this.part(name);
    if (length > JSON_MAXIMUM) throw invalid(`invalid archive: "${name}" is too long`, "CTR_ARCHIVE_INVALID");
    await using file = await open(path, "r");
    return (await readExactly(file, start, length)).toString();
  }

  #add(entry: TarEntry, start: number): void {
    const name = normalize(entry.name);
    this.#files.delete(name);
    this.#links.delete(name);
    if (entry.type === "file") this.#files.set(name, { start, length: entry.size });
    // Old `docker save` wrote equal layers once, and links to them.
    else if (entry.type === "symlink") this.#links.set(name, join(dirname(name), entry.linkName));
    else if (entry.type === "link") this.#links.set(name, normalize(entry.linkName));
  }

  #resolve(name: string): { readonly start: number; readonly length: number } | undefined {
    let at = normalize(name);
    for (let links = 0; links < MOST_LINKS; links++) {
      const file = this.#files.get(at);
      const target = this.#links.get(at);
      if (file !== undefined || target === undefined) return file;
      at = target;
    }
    return undefined;
  }
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw badArchive("unexpected end of the archive");
    done += bytesRead;
  }
  return buffer;
}
