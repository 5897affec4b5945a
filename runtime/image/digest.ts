/** Content digests: `sha256:` and 64 hex digits (OCI image-spec, descriptor). */
import { createHash } from "node:crypto";
import { invalid } from "../../lib/errors.ts";

const SHA256 = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): boolean => SHA256.test(text);

export function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The hex digits of a digest. */
export const hexOf = (digest: string): string => digest.slice(digest.indexOf(":") + 1);

/**
 * @returns `text` itself
 * @throws `invalid` with the texts of Docker's digest library
 */
export function checkDigest(text: string): string {
  const [algorithm = "", hex] = text.split(":");
  if (hex === undefined) throw badDigest("invalid checksum digest format");
  if (algorithm !== "sha256") throw badDigest("unsupported digest algorithm");
  if (hex.length !== 64) throw badDigest("invalid checksum digest length");
  if (!isDigest(text)) throw badDigest("invalid checksum digest format");
  return text;
}

const badDigest = (text: string): Error => invalid(text, "CTR_DIGEST_INVALID");
