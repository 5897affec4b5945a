/** Brings a blob into a file: verified while it comes, resumed when the connection breaks. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { CtrError, codeOf, hasCode, messageOf, systemFailure } from "../../../lib/errors.ts";
import type { Descriptor } from "../manifest.ts";
import type { RegistryClient } from "./client.ts";
import { RegistryError } from "./failures.ts";

export interface DownloadOptions {
  readonly onBytes: (received: number) => void;
  /** @param wait seconds */
  readonly onRetry: (wait: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** As dockerd's `max-download-attempts`; attempts that bring something do not count. */
const MOST_ATTEMPTS = 5;
const FIRST_WAIT = 250;

/**
 * @param path of a file that is made, and is the caller's to remove
 * @throws the last failure when the registry goes on failing; `system` when the content does not match its digest, or the
 * disk is full
 */
export async function downloadBlob(
  client: RegistryClient,
  blob: Descriptor,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  const download = new Download(file, path, blob, options);
  for (let attempt = 1; !download.complete; attempt++) {
    const before = download.received;
    try {
      await download.receive(await client.openBlob(blob.digest, before));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (download.received > before) attempt = 1;
      if (!mayHelpToRetry(error) || attempt === MOST_ATTEMPTS) throw error;
      const wait = FIRST_WAIT * 2 ** (attempt - 1);
      options.onRetry(Math.ceil(wait / 1000));
      await delay(wait, undefined, { ...(options.signal === undefined ? {} : { signal: options.signal }) });
    }
  }
  download.verify();
}

class Download {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #blob: Descriptor;
  readonly #options: DownloadOptions;
  #hash: Hash = createHash("sha256");
  #received = 0;

  constructor(file: FileHandle, path: string, blob: Descriptor, options: DownloadOptions) {
    this.#file = file;
    this.#path = path;
    this.#blob = blob;
    this.#options = options;
  }

  /** Bytes in the file. */
  get received(): number {
    return this.#received;
  }

  get complete(): boolean {
    return this.#received >= this.#blob.size;
  }

  /** Takes one answer to its end. @throws when it ends early */
  async receive(response: IncomingMessage): Promise<void> {
    if (response.statusCode !== 206) await this.#restart();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      await this.#write(chunk);
      this.#options.onBytes(this.#received);
      if (this.#received > this.#blob.size) break;
    }
    if (!this.complete) throw connectionBroke(`${this.#received} of ${this.#blob.size} bytes`);
  }

  verify(): void {
    const digest = `sha256:${this.#hash.digest("hex")}`;
    if (digest === this.#blob.digest) return;
    throw systemFailure(`filesystem layer verification failed for digest ${this.#blob.digest}`, {
      code: "CTR_DIGEST_MISMATCH",
      hint: "the registry's copy is damaged: push the image again",
    });
  }

  async #restart(): Promise<void> {
    if (this.#received === 0) return;
    await this.#file.truncate(0);
    this.#received = 0;
    this.#hash = createHash("sha256");
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk);
    try {
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await this.#file.write(chunk, done, chunk.length - done, this.#received + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw writeFailure(error, this.#path);
    }
    this.#received += chunk.length;
  }
}

const connectionBroke = (text: string): Error =>
  systemFailure(`unexpected EOF after ${text}`, "CTR_REGISTRY_UNREACHABLE");

/** A failed write of a temporary file. */
export function writeFailure(error: unknown, path: string): CtrError {
  const full = hasCode(error, "ENOSPC", "EDQUOT");
  return systemFailure(`write ${path}: ${full ? "no space left on device" : messageOf(error)}`, {
    code: full ? "CTR_DISK_FULL" : "CTR_WRITE_FAILED",
    hint: full ? "free some space, or move the data with --data-root" : undefined,
    cause: error,
  });
}

function mayHelpToRetry(error: unknown): boolean {
  if (error instanceof RegistryError) return error.transient;
  if (error instanceof CtrError) return error.code === "CTR_REGISTRY_UNREACHABLE";
  return (
    codeOf(error) === "ECONNRESET" || codeOf(error) === "ERR_STREAM_PREMATURE_CLOSE" || codeOf(error) === "CTR_SILENCE"
  );
}
