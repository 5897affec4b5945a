/** How an archive is compressed, by its first bytes: media types and file names are not to be relied on. */
import { closeSync, openSync, readSync } from "node:fs";
import type { Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { CtrError, invalid, unsupported } from "../../../lib/errors.ts";

export type Compression = "none" | "gzip" | "zstd";

/** Bytes that {@link detectCompression} needs. */
export const MAGIC_LENGTH = 6;

const UNSUPPORTED: Readonly<Record<string, readonly number[]>> = {
  bzip2: [0x42, 0x5a, 0x68],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
};
const CHUNK = 256 * 1024;

/** @throws `unsupported` for bzip2 and xz */
export function detectCompression(head: Uint8Array): Compression {
  const startsWith = (magic: readonly number[]): boolean => magic.every((byte, index) => head[index] === byte);
  if (startsWith([0x1f, 0x8b])) return "gzip";
  if (startsWith([0x28, 0xb5, 0x2f, 0xfd]) || isSkippableFrame(head)) return "zstd";
  for (const [name, magic] of Object.entries(UNSUPPORTED)) {
    if (!startsWith(magic)) continue;
    throw unsupported(`the archive is compressed with ${name}, which is not supported`, {
      code: "CTR_COMPRESSION_UNSUPPORTED",
      hint: `decompress it first: ${name} -dc FILE | ctr load`,
    });
  }
  return "none";
}

/** A zstd stream may begin with a frame that only carries other data (RFC 8878, 3.1.2). */
function isSkippableFrame(head: Uint8Array): boolean {
  const [first = 0, ...rest] = head.subarray(0, 4);
  return first >= 0x50 && first <= 0x5f && rest[0] === 0x2a && rest[1] === 0x4d && rest[2] === 0x18;
}

/** The first bytes of a part of a file. */
export function readMagic(path: string, start: number): Buffer {
  const head = Buffer.alloc(MAGIC_LENGTH);
  const fd = openSync(path, "r");
  try {
    return head.subarray(0, readSync(fd, head, 0, MAGIC_LENGTH, start));
  } finally {
    closeSync(fd);
  }
}

export function createDecompressor(compression: Exclude<Compression, "none">): Transform {
  return compression === "gzip" ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
}

/** What a decompressor complains about is damaged input; other errors stay as they are. */
export function decompressionFailure(error: unknown): unknown {
  if (error instanceof CtrError || !(error instanceof Error) || !("code" in error)) return error;
  const code = String(error.code);
  if (!/^(?:Z_|ZSTD_|ERR_ZLIB)/.test(code)) return error;
  const reason = code === "Z_BUF_ERROR" ? "unexpected end of the compressed data" : error.message;
  return invalid(`the compressed archive is damaged: ${reason}`, { code: "CTR_ARCHIVE_INVALID", cause: error });
}
