/** Pulls one image: manifest, configuration, the layers that are not here yet, and then its record. */

import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { invalid, notFound } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import type { Platform, Progress } from "../types.ts";
import type { Limiter } from "./concurrency.ts";
import { type ImageConfig, parseImageConfig, requireLinux } from "./image-config.ts";
import type { ImageStore } from "./image-store.ts";
import type { LayerArchive, LayerStore } from "./layer-store.ts";
import { type Descriptor, isIndex, type Manifest, parseManifest } from "./manifest.ts";
import { choosePlatform, platformString } from "./platform.ts";
import { LayerProgress } from "./progress.ts";
import { familiarString, type Reference } from "./reference.ts";
import type { Credentials } from "./registry/authorization.ts";
import { RegistryClient } from "./registry/client.ts";
import { downloadBlob } from "./registry/download.ts";
import { pullFailure } from "./registry/failures.ts";

export interface PullContext {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  /** For blobs on their way. */
  readonly temporary: string;
  readonly downloads: Limiter;
  readonly insecureRegistries: readonly string[];
}

export interface PullRequest {
  /** With tag or digest. */
  readonly reference: Reference;
  readonly platform: Platform;
  readonly progress: Progress;
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @returns the image's id. @throws with Docker's texts; then nothing is kept that no other image needs */
export async function pullImage(context: PullContext, request: PullRequest): Promise<string> {
  // Whatever fails first stops all that is under way.
  const stop = new AbortController();
  const signal = request.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, request.signal]);
  try {
    return await pullAll(context, { ...request, signal }, stop);
  } catch (error) {
    await context.layers.collect();
    request.signal?.throwIfAborted();
    throw pullFailure(error, request.reference, request.credentials !== undefined);
  }
}

async function pullAll(context: PullContext, request: PullRequest, stop: AbortController): Promise<string> {
  const { reference, progress, credentials, signal } = request;
  const { insecureRegistries } = context;
  using client = await RegistryClient.connect(reference, { insecureRegistries, credentials, signal });
  progress({ status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? "" });
  const { manifest, digest } = await resolveManifest(client, request);
  const json = (await client.blob(manifest.config.digest)).toString();
  const config = checkConfig(parseImageConfig(json), manifest);
  using _pins = context.layers.pin(config.diffIds);
  const size = await bringLayers(context, request, stop, { client, manifest, config });
  const before = context.images.idOf(reference);
  const [id = ""] = context.images.add([{ json, config, size, names: [{ ...reference, digest }] }]);
  progress({ status: `Digest: ${digest}` });
  const news = before === id ? "Image is up to date" : "Downloaded newer image";
  progress({ status: `Status: ${news} for ${familiarString(reference)}` });
  return id;
}

interface ResolvedManifest {
  readonly manifest: Manifest;
  /** Of the document that the name stands for: the index, when there is one. */
  readonly digest: string;
}

async function resolveManifest(
  client: RegistryClient,
  { reference, platform }: PullRequest,
): Promise<ResolvedManifest> {
  const top = await client.manifest(reference.digest ?? reference.tag ?? "latest");
  let document = parseManifest(top.json, top.mediaType);
  // An index may hold indexes; nobody nests them deeper than once.
  for (let depth = 0; isIndex(document) && depth < 3; depth++) {
    const chosen = choosePlatform(document.manifests, platform);
    if (chosen === undefined) throw noMatch(platform);
    const next = await client.manifest(chosen.digest);
    document = parseManifest(next.json, next.mediaType);
  }
  if (isIndex(document)) throw noMatch(platform);
  return { manifest: document, digest: top.digest };
}

const noMatch = (platform: Platform): Error =>
  notFound(
    `no matching manifest for ${platformString(platform)} in the manifest list entries`,
    "CTR_PLATFORM_NOT_FOUND",
  );

function checkConfig(config: ImageConfig, manifest: Manifest): ImageConfig {
  if (config.diffIds.length !== manifest.layers.length) {
    throw invalid("invalid rootfs in image configuration", "CTR_IMAGE_CONFIG_INVALID");
  }
  return requireLinux(config);
}

interface FoundImage {
  readonly client: RegistryClient;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

/** @returns bytes of all layers */
async function bringLayers(
  context: PullContext,
  request: PullRequest,
  stop: AbortController,
  { client, manifest, config }: FoundImage,
): Promise<number> {
  const jobs = config.diffIds.map((diffId, index) =>
    bringLayer(context, request, client, { diffId, blob: manifest.layers[index] as Descriptor }).catch(
      (error: unknown) => stop.abort(error),
    ),
  );
  // Also after a failure: what others have written must be removed when this returns.
  await Promise.all(jobs);
  stop.signal.throwIfAborted();
  return config.diffIds.reduce((sum, diffId) => sum + context.layers.sizeOf(diffId), 0);
}

async function bringLayer(
  { layers, temporary, downloads }: PullContext,
  { progress, signal }: PullRequest,
  client: RegistryClient,
  { diffId, blob }: { readonly diffId: string; readonly blob: Descriptor },
): Promise<void> {
  const layer = new LayerProgress(progress, shortId(blob.digest));
  if (layers.has(diffId)) return layer.say("Already exists");
  layer.say("Pulling fs layer");
  layers.warm();
  const path = join(temporary, randomBytes(8).toString("hex"));
  const download = async (): Promise<LayerArchive> => {
    layer.say("Waiting");
    await downloads.run(() =>
      downloadBlob(client, blob, path, {
        onBytes: (received) => layer.amount("Downloading", received, blob.size),
        onRetry: (wait) => layer.say(`Retrying in ${wait} second${wait === 1 ? "" : "s"}`),
        signal,
      }),
    );
    layer.say("Verifying Checksum");
    layer.say("Download complete");
    return {
      part: { path, start: 0, length: blob.size },
      [Symbol.asyncDispose]: () => rm(path, { force: true }),
    };
  };
  try {
    await layers.ensure({
      diffId,
      open: download,
      onRead: (read, total) => layer.amount("Extracting", read, total),
      signal,
    });
  } finally {
    await rm(path, { force: true });
  }
  layer.say("Pull complete");
}
