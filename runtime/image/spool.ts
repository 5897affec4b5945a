/** An archive that comes as a stream becomes a file with random access, decompressed on its way. */
import { randomBytes } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { hasCode } from "../../lib/errors.ts";
import { createDecompressor, decompressionFailure, detectCompression, MAGIC_LENGTH } from "./layer/compression.ts";
import { writeFailure } from "./registry/download.ts";

export interface SpooledFile extends AsyncDisposable {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * @param directory for the file, which disposing removes
 * @param decompress false keeps a compressed stream as it is
 * @throws `invalid` for damaged compressed data, `system` when the disk is full
 */
export async function spool(input: Readable, directory: string, decompress: boolean): Promise<SpooledFile> {
  const path = join(directory, randomBytes(8).toString("hex"));
  const remove = (): Promise<void> => rm(path, { force: true });
  await using undo = new AsyncDisposableStack();
  undo.defer(remove);
  try {
    const head = await takeHead(input);
    const compression = decompress ? detectCompression(head.bytes) : "none";
    const middle = compression === "none" ? new PassThrough() : createDecompressor(compression);
    // Opened last: a stream that is still opening its file would make it after it was removed.
    const file = await open(path, "wx", 0o600);
    await pipeline(head.stream, middle, file.createWriteStream());
  } catch (error) {
    throw hasCode(error, "ENOSPC", "EDQUOT") ? writeFailure(error, path) : decompressionFailure(error);
  }
  const { size } = await stat(path);
  undo.move();
  return { path, size, [Symbol.asyncDispose]: remove };
}

interface Head {
  readonly bytes: Buffer;
  /** The whole stream, these bytes included. */
  readonly stream: AsyncIterable<Buffer>;
}

async function takeHead(input: Readable): Promise<Head> {
  const source = (input as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let bytes = Buffer.alloc(0);
  while (bytes.length < MAGIC_LENGTH) {
    const next = await source.next();
    if (next.done === true) break;
    bytes = Buffer.concat([bytes, next.value]);
  }
  const stream = {
    async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
      yield bytes;
      yield* { [Symbol.asyncIterator]: () => source };
    },
  };
  return { bytes, stream };
}
