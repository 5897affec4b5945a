/** Images for tests, made on the spot of the machine's own busybox and of trees that a test describes. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { busyboxRootFileSystem } from "../../bin/quickstart/busybox-image.ts";
import { runCommand } from "../../lib/command.ts";

export interface ImageRecipe {
  /** Uncompressed tar archives, lowest layer first. */
  readonly layers: readonly Uint8Array[];
  /** `busybox:latest`; none for an image without a name. */
  readonly tags?: readonly string[];
  /** `config` of the image: `Cmd`, `Env` … */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly architecture?: string;
  readonly os?: string;
  /** Store the layers gzipped. */
  readonly gzip?: boolean;
}

export type TarEntry = Partial<Omit<Header, "pax">> & {
  readonly name: string;
  readonly content?: string | Buffer;
  /** Extended header records: `SCHILY.xattr.user.colour`. tar-stream writes them as UTF-8. */
  readonly pax?: Readonly<Record<string, string>>;
};

/** A tar archive. Entries have mode 0644 (directories 0755), root as owner and the time 0 unless they say otherwise. */
export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) {
    const mode = header.type === "directory" ? 0o755 : 0o644;
    archive.entry({ mode, mtime: new Date(0), ...header }, content ?? "");
  }
  archive.finalize();
  return buffer(archive);
}

/** A tar archive of a real tree by the system's tar: owners, devices, hard links and extended attributes included. */
export async function tarOfTree(directory: string): Promise<Buffer> {
  const path = temporaryFile("tree", ".tar");
  const flags = ["--format=posix", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--sort=name"];
  await runCommand(["tar", ...flags, "-C", directory, "-cf", path, "."]);
  return readFileSync(path);
}

/** The bytes of an archive as `docker save` writes it: manifest.json, the configuration, one folder a layer. */
export async function dockerArchiveBytes(recipe: ImageRecipe): Promise<Buffer> {
  const { entries, config } = saveEntries(recipe);
  const layers = entries.map(({ name }) => name);
  const manifest = [{ Config: config.name, RepoTags: recipe.tags ?? null, Layers: layers }];
  return tarOf([...entries, config, { name: "manifest.json", content: JSON.stringify(manifest) }]);
}

/** A docker-archive as a file that exists until this process ends. */
export async function dockerArchive(recipe: ImageRecipe): Promise<string> {
  const path = temporaryFile("image", ".tar");
  writeFileSync(path, await dockerArchiveBytes(recipe));
  return path;
}

/** The id that an image of this recipe has. */
export const imageIdOf = (recipe: ImageRecipe): string => digestOf(configOf(recipe));

let busybox: Promise<string> | undefined;

/** A docker-archive of `busybox:latest`: static busybox, its applets, `/etc/passwd`; command `sh`. */
export function busyboxArchive(): Promise<string> {
  busybox ??= busyboxRecipe().then(dockerArchive);
  return busybox;
}

export async function busyboxRecipe(tags: readonly string[] = ["busybox:latest"]): Promise<ImageRecipe> {
  return {
    layers: [await busyboxRootFileSystem()],
    tags,
    config: { Cmd: ["sh"], Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] },
  };
}

export const digestOf = (bytes: string | Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function configOf({ layers, config, architecture, os }: ImageRecipe): string {
  const created = "2024-01-01T00:00:00Z";
  return JSON.stringify({
    architecture: architecture ?? HOST_ARCHITECTURE,
    os: os ?? "linux",
    created,
    config: config ?? {},
    rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
    history: layers.map((_, index) => ({ created, created_by: `layer ${index}` })),
  });
}

const HOST_ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

function saveEntries(recipe: ImageRecipe): { entries: TarEntry[]; config: TarEntry & { name: string } } {
  const entries = recipe.layers.map((layer, index) => ({
    name: `${digestOf(layer).slice(7)}-${index}/layer.tar`,
    content: recipe.gzip === true ? gzipSync(layer) : Buffer.from(layer),
  }));
  const json = configOf(recipe);
  return { entries, config: { name: `${digestOf(json).slice(7)}.json`, content: json } };
}

const directory = mkdtempSync(join(tmpdir(), "ctr-images-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
let files = 0;

/** Path of a file that is not there yet, in a directory that is removed when this process ends. */
export function temporaryFile(name: string, suffix = ""): string {
  files++;
  return join(directory, `${name}-${files}${suffix}`);
}
