/**
 * The images that an archive holds: `docker save` (manifest.json, "Docker Image Specification v1.2") and OCI image
 * layouts (index.json). An archive with both, as newer `docker save` writes, is read by its manifest.json.
 */
import { invalid } from "../../lib/errors.ts";
import type { ArchiveIndex } from "./archive-index.ts";
import { digestOf, hexOf } from "./digest.ts";
import { type Descriptor, type Index, isIndex, isObject, type Manifest, parseJson, parseManifest } from "./manifest.ts";
import { choosePlatform, hostPlatform } from "./platform.ts";
import { parseReference, type Reference, withDefaultTag } from "./reference.ts";

export interface ArchivedImage {
  /** The configuration, byte for byte. */
  readonly json: string;
  /** Names of the layers' files in the archive, lowest first. */
  readonly layers: readonly ArchivedLayer[];
  readonly names: readonly Reference[];
}

export interface ArchivedLayer {
  readonly file: string;
  /** Of the file; unknown in `docker save` archives. */
  readonly digest?: string;
}

/** @throws `invalid` when there is none, or a part is missing or damaged */
export async function imagesOf(archive: ArchiveIndex): Promise<ArchivedImage[]> {
  if (archive.has("manifest.json")) return savedImages(archive);
  if (archive.has("index.json")) return layoutImages(archive);
  throw invalid("invalid archive: it holds neither manifest.json (docker save) nor index.json (OCI layout)", {
    code: "CTR_ARCHIVE_INVALID",
    hint: archive.has("repositories")
      ? "this archive was made by Docker before 1.10: load and save it with a newer version"
      : "a root file system becomes an image with `ctr import`",
  });
}

async function savedImages(archive: ArchiveIndex): Promise<ArchivedImage[]> {
  const manifest = parseJson(await archive.text("manifest.json"), "manifest.json");
  if (!Array.isArray(manifest)) throw invalid("invalid archive: manifest.json is not a list", "CTR_ARCHIVE_INVALID");
  return Promise.all(manifest.map((item: unknown) => savedImage(archive, item)));
}

async function savedImage(archive: ArchiveIndex, item: unknown): Promise<ArchivedImage> {
  const { Config, RepoTags, Layers } = (isObject(item) ? item : {}) as Record<string, unknown>;
  if (typeof Config !== "string" || !Array.isArray(Layers ?? [])) {
    throw invalid("invalid archive: manifest.json names no Config or no Layers", "CTR_ARCHIVE_INVALID");
  }
  const json = await archive.text(Config);
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(Config)?.[1];
  if (hex !== undefined) checkContent(json, `sha256:${hex}`);
  return {
    json,
    layers: ((Layers ?? []) as readonly unknown[]).map((file) => ({ file: String(file) })),
    names: ((RepoTags ?? []) as readonly unknown[]).map((tag) => withDefaultTag(parseReference(String(tag)))),
  };
}

async function layoutImages(archive: ArchiveIndex): Promise<ArchivedImage[]> {
  const index = parseManifest(await archive.text("index.json"), "application/vnd.oci.image.index.v1+json");
  if (!isIndex(index)) throw invalid("invalid archive: index.json lists no manifests", "CTR_ARCHIVE_INVALID");
  const images: ArchivedImage[] = [];
  for (const descriptor of imagesForHost(index)) images.push(await layoutImage(archive, descriptor));
  if (images.length === 0) throw invalid("invalid archive: no image is for this platform", "CTR_PLATFORM_NOT_FOUND");
  return images;
}

/** Descriptors with a platform are choices; those without are images of their own. */
function imagesForHost({ manifests }: Index): readonly Descriptor[] {
  const plain = manifests.filter(({ platform }) => platform === undefined);
  const names = new Set(manifests.map(nameOf));
  const chosen = [...names].map((name) =>
    choosePlatform(
      manifests.filter((descriptor) => nameOf(descriptor) === name),
      hostPlatform(),
    ),
  );
  return [...plain, ...chosen.filter((descriptor) => descriptor !== undefined)];
}

async function layoutImage(archive: ArchiveIndex, descriptor: Descriptor): Promise<ArchivedImage> {
  let document: Manifest | Index = await readManifest(archive, descriptor);
  for (let depth = 0; isIndex(document) && depth < 3; depth++) {
    const chosen: Descriptor | undefined = imagesForHost(document)[0];
    if (chosen === undefined) throw invalid("invalid archive: no image is for this platform", "CTR_PLATFORM_NOT_FOUND");
    document = await readManifest(archive, chosen);
  }
  if (isIndex(document)) throw invalid("invalid archive: indexes are nested too deep", "CTR_ARCHIVE_INVALID");
  const { config, layers } = document;
  const name = nameOf(descriptor);
  return {
    json: checkContent(await archive.text(fileOf(config.digest)), config.digest),
    layers: layers.map(({ digest }) => ({ file: fileOf(digest), digest })),
    names: name === undefined ? [] : [withDefaultTag(parseReference(name))],
  };
}

async function readManifest(archive: ArchiveIndex, { digest, mediaType }: Descriptor): Promise<Manifest | Index> {
  return parseManifest(checkContent(await archive.text(fileOf(digest)), digest), mediaType);
}

/** containerd's annotation holds the whole name; OCI's may hold it too, or only a tag, which names nothing. */
function nameOf({ annotations }: Descriptor): string | undefined {
  const name = annotations?.["io.containerd.image.name"] ?? annotations?.["org.opencontainers.image.ref.name"];
  return name !== undefined && /[:/]/.test(name) ? name : undefined;
}

const fileOf = (digest: string): string => `blobs/sha256/${hexOf(digest)}`;

function checkContent(text: string, digest: string): string {
  if (digestOf(text) === digest) return text;
  throw invalid(`digest mismatch: ${fileOf(digest)} has the digest ${digestOf(text)}`, "CTR_DIGEST_MISMATCH");
}
