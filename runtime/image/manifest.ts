/**
 * Manifests and indexes, Docker schema 2 and OCI. Only what is read from them is checked: a manifest comes from a
 * stranger. Formats: OCI image-spec; distribution "Image Manifest Version 2, Schema 2".
 */
import { invalid, unsupported } from "../../lib/errors.ts";
import type { Platform } from "../types.ts";
import { checkDigest } from "./digest.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface Index {
  readonly manifests: readonly Descriptor[];
}

const MANIFEST_TYPES = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
];
const INDEX_TYPES = [
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
];
const SCHEMA1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;
const CONFIG_TYPES = [
  "application/vnd.docker.container.image.v1+json",
  "application/vnd.oci.image.config.v1+json",
  // Old registries and tools left it out or sent a general type.
  "application/octet-stream",
  "",
];

/** For the `Accept` header of a request. */
export const MANIFEST_ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES];

/**
 * @param mediaType as the server or the descriptor says; the document's own field comes first, then its shape
 * @throws `invalid` when it is neither manifest nor index, `unsupported` for schema 1 and for what is no image
 */
export function parseManifest(json: string, mediaType: string): Manifest | Index {
  const document = objectOf(parseJson(json, "the manifest"), "the manifest");
  const type = typeof document["mediaType"] === "string" ? document["mediaType"] : (mediaType.split(";")[0] ?? "");
  if (SCHEMA1.test(type) || document["schemaVersion"] === 1) {
    throw unsupported("image manifest version 2, schema 1 is not supported", {
      code: "CTR_MANIFEST_UNSUPPORTED",
      hint: "push the image again with a current tool, which writes schema 2 or OCI manifests",
    });
  }
  if (INDEX_TYPES.includes(type) || Array.isArray(document["manifests"])) {
    return { manifests: listOf(document["manifests"], "manifests").map(descriptorOf) };
  }
  const config = descriptorOf(document["config"]);
  if (!CONFIG_TYPES.includes(config.mediaType)) {
    throw unsupported(`mediaType in manifest should be a container image, not '${config.mediaType}'`, {
      code: "CTR_MANIFEST_UNSUPPORTED",
    });
  }
  return { config, layers: listOf(document["layers"], "layers").map(descriptorOf) };
}

export const isIndex = (document: Manifest | Index): document is Index => "manifests" in document;

function descriptorOf(value: unknown): Descriptor {
  const object = objectOf(value, "a descriptor");
  const { digest, size, mediaType, platform, annotations } = object as Record<string, unknown>;
  if (typeof digest !== "string" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw malformed("a descriptor has no digest or no size");
  }
  return {
    mediaType: typeof mediaType === "string" ? mediaType : "",
    digest: checkDigest(digest),
    size,
    ...(isObject(platform) ? { platform: platformOf(platform) } : {}),
    ...(isObject(annotations) ? { annotations: annotations as Record<string, string> } : {}),
  };
}

function platformOf(object: Readonly<Record<string, unknown>>): Platform {
  const { os, architecture, variant } = object as Record<string, unknown>;
  return {
    os: String(os ?? ""),
    architecture: String(architecture ?? ""),
    ...(typeof variant === "string" && variant !== "" ? { variant } : {}),
  };
}

/** @throws `invalid` that names `what` */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${what} is not valid JSON`, { code: "CTR_MANIFEST_INVALID", cause: error });
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw malformed(`${what} is not an object`);
  return value;
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`"${what}" is not a list`);
  return value;
}

const malformed = (reason: string): Error => invalid(`invalid image manifest: ${reason}`, "CTR_MANIFEST_INVALID");
