/** The writing end of a stream to a client, with back pressure. */
import type { Writable } from "node:stream";

export class ResponseSink {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
    // A client that goes away is no failure of ours: writers see `closed`.
    stream.on("error", () => {});
  }

  /** The client is gone, or the stream was ended. */
  get closed(): boolean {
    return this.#stream.destroyed || this.#stream.writableEnded;
  }

  /** The client reads slower than we write. */
  get congested(): boolean {
    return this.#stream.writableNeedDrain;
  }

  /**
   * Writes, and waits while the client is slow.
   * @returns false when the client is gone: stop writing
   */
  async write(chunk: Uint8Array | string): Promise<boolean> {
    if (this.closed) return false;
    if (this.#stream.write(chunk)) return true;
    await this.#drained();
    return !this.closed;
  }

  /** Writes a JSON value on a line of its own, the form of Docker's progress, event and statistics streams. */
  writeJson(value: unknown): Promise<boolean> {
    return this.write(`${JSON.stringify(value)}\r\n`);
  }

  end(): void {
    if (!this.closed) this.#stream.end();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off("drain", done);
        this.#stream.off("close", done);
        resolve();
      };
      this.#stream.on("drain", done);
      this.#stream.on("close", done);
      if (this.#stream.destroyed || !this.#stream.writableNeedDrain) done();
    });
  }
}
