/** The configuration of an image: the JSON document whose digest is the image's id (OCI image-spec, config). */
import { invalid } from "../../lib/errors.ts";
import type { ContainerConfig, Platform } from "../types.ts";
import { checkDigest } from "./digest.ts";
import { isObject, parseJson } from "./manifest.ts";

export interface ImageConfig {
  readonly platform: Platform;
  readonly created: string;
  readonly author: string;
  readonly comment: string;
  readonly config: ContainerConfig;
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly string[];
}

const NO_TIME = "0001-01-01T00:00:00Z";

/** @throws `invalid` when it is no image configuration */
export function parseImageConfig(json: string): ImageConfig {
  const document = parseJson(json, "the image configuration");
  if (!isObject(document)) throw malformed("it is not an object");
  const { os, architecture, variant, created, author, comment, config, rootfs, history } = document as Record<
    string,
    unknown
  >;
  if (!isObject(rootfs) || !(Array.isArray(rootfs["diff_ids"]) || rootfs["diff_ids"] == null)) {
    throw malformed("it has no rootfs.diff_ids");
  }
  const diffIds = ((rootfs["diff_ids"] ?? []) as readonly unknown[]).map((value) => checkDigest(String(value)));
  return {
    platform: {
      os: textOf(os) || "linux",
      architecture: textOf(architecture),
      ...(textOf(variant) === "" ? {} : { variant: textOf(variant) }),
    },
    created: textOf(created) || NO_TIME,
    author: textOf(author),
    comment: textOf(comment) || lastComment(history),
    config: (isObject(config) ? config : {}) as ContainerConfig,
    diffIds,
  };
}

/** @throws `invalid` with Docker's text when the image is for another operating system */
export function requireLinux(config: ImageConfig): ImageConfig {
  const { os } = config.platform;
  if (os === "linux") return config;
  throw invalid(`image operating system "${os}" cannot be used on this platform`, "CTR_IMAGE_PLATFORM");
}

function lastComment(history: unknown): string {
  const last = Array.isArray(history) ? (history.at(-1) as unknown) : undefined;
  return isObject(last) ? textOf(last["comment"]) : "";
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const malformed = (reason: string): Error =>
  invalid(`invalid image configuration: ${reason}`, "CTR_IMAGE_CONFIG_INVALID");
