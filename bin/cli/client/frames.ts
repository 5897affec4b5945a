/** The frames in which the engine sends stdout and stderr on one connection: stream, three zero bytes, length, payload. */

export type OutputStream = "stdout" | "stderr";

const HEADER = 8;
const STDERR = 2;
/** The engine itself failed; the payload says why. */
const SYSTEM_ERROR = 3;

/** Takes frames apart. Payloads go out as they come, also parts of a frame: nothing is held back. */
export class FrameDecoder {
  readonly #write: (stream: OutputStream, data: Buffer) => void;
  #header: Buffer = Buffer.alloc(0);
  #stream: OutputStream = "stdout";
  #left = 0;

  constructor(write: (stream: OutputStream, data: Buffer) => void) {
    this.#write = write;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#left > 0 ? this.#takePayload(rest) : this.#takeHeader(rest);
  }

  #takePayload(chunk: Buffer): Buffer {
    const payload = chunk.subarray(0, this.#left);
    this.#left -= payload.length;
    this.#write(this.#stream, payload);
    return chunk.subarray(payload.length);
  }

  #takeHeader(chunk: Buffer): Buffer {
    const missing = HEADER - this.#header.length;
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, missing)]);
    if (this.#header.length === HEADER) {
      const kind = this.#header[0] ?? 0;
      this.#stream = kind === STDERR || kind === SYSTEM_ERROR ? "stderr" : "stdout";
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
    return chunk.subarray(missing);
  }
}
