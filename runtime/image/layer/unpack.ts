/** Unpacks one layer: reads, hashes, decompresses, hashes again, writes. Runs in a child process, see unpacker.ts. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createDecompressor, decompressionFailure, detectCompression, readMagic } from "./compression.ts";
import { LayerWriter } from "./layer-writer.ts";
import { TarReader } from "./tar-reader.ts";

/** A part of a file. */
export interface ArchivePart {
  readonly path: string;
  /** Bytes. */
  readonly start: number;
  readonly length: number;
}

export interface UnpackJob {
  readonly archive: ArchivePart;
  /** An existing, empty directory. */
  readonly directory: string;
  /** Whether the digest of the archive as it is (compressed) is asked for. */
  readonly needsDigest: boolean;
}

export interface UnpackResult {
  /** Digest of the uncompressed archive. */
  readonly diffId: string;
  /** Bytes of all file content. */
  readonly size: number;
  readonly digest?: string;
}

const CHUNK = 256 * 1024;

/**
 * @param onRead gets the number of bytes of the archive that were read so far
 * @throws `invalid` for a damaged or malicious archive; the Node system error when writing fails
 */
export async function unpackLayer(job: UnpackJob, onRead: (bytes: number) => void): Promise<UnpackResult> {
  const { archive, directory, needsDigest } = job;
  const compressed = createHash("sha256");
  const plain = createHash("sha256");
  const writer = new LayerWriter(directory);
  const reader = new TarReader(writer);
  let read = 0;
  const source = openPart(archive, (chunk) => {
    read += chunk.length;
    if (needsDigest) compressed.update(chunk);
    onRead(read);
  });
  try {
    for await (const chunk of decompressed(source, archive)) {
      plain.update(chunk);
      reader.push(chunk);
    }
    reader.finish();
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw decompressionFailure(error);
  }
  return {
    diffId: `sha256:${plain.digest("hex")}`,
    size: writer.size,
    ...(needsDigest ? { digest: `sha256:${compressed.digest("hex")}` } : {}),
  };
}

function openPart({ path, start, length }: ArchivePart, onChunk: (chunk: Buffer) => void): AsyncIterable<Buffer> {
  // A stream cannot be told to read nothing.
  if (length === 0) return nothing();
  return observed(createReadStream(path, { start, end: start + length - 1, highWaterMark: CHUNK }), onChunk);
}

async function* nothing(): AsyncGenerator<Buffer> {}

async function* observed(source: Readable, onChunk: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    onChunk(chunk);
    yield chunk;
  }
}

function decompressed(source: AsyncIterable<Buffer>, { path, start }: ArchivePart): AsyncIterable<Buffer> {
  const compression = detectCompression(readMagic(path, start));
  if (compression === "none") return source;
  const decompressor = createDecompressor(compression);
  // Errors of either side end the decompressor, and with it the loop that reads it.
  pipeline(source, decompressor, () => {});
  return decompressor;
}
