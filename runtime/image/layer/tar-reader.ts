/** Splits the bytes of a tar archive, given in chunks of any size, into entries. Synchronous: for a child process. */
import { BLOCK, badArchive, type TarEntry, TarHeaders } from "./tar-headers.ts";

export interface TarSink {
  begin(entry: TarEntry): void;
  /** A part of the content of the entry that has begun. Valid during the call only. */
  data(chunk: Buffer): void;
  end(): void;
}

type State =
  | { readonly at: "header" }
  | { readonly at: "extension"; readonly flag: string; readonly size: number }
  | { readonly at: "content" }
  | { readonly at: "padding" }
  | { readonly at: "finished" };

const HEADER: State = { at: "header" };

export class TarReader {
  readonly #sink: TarSink;
  readonly #headers = new TarHeaders();
  #state: State = HEADER;
  /** Bytes of a header or extension that came in earlier chunks. */
  #held: Buffer[] = [];
  #heldLength = 0;
  /** Bytes of content or padding still to come. */
  #remaining = 0;
  #padding = 0;
  #zeroBlocks = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws `invalid` when the archive is damaged, and what the sink throws */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = rest.subarray(this.#step(rest));
  }

  /** To be called after the last chunk. @throws `invalid` when the archive ends inside an entry */
  finish(): void {
    const complete = this.#state.at === "finished" || (this.#state.at === "header" && this.#heldLength === 0);
    if (!complete) throw badArchive("unexpected end of the archive");
  }

  /** @returns how many bytes it has used */
  #step(rest: Buffer): number {
    switch (this.#state.at) {
      case "header":
        return this.#collect(rest, BLOCK, (block) => this.#header(block));
      case "extension": {
        const { flag, size } = this.#state;
        return this.#collect(rest, size, (body) => {
          this.#headers.extend(flag, body);
          this.#pad(size);
        });
      }
      case "content": {
        const part = rest.subarray(0, this.#remaining);
        this.#sink.data(part);
        this.#remaining -= part.length;
        if (this.#remaining === 0) this.#endEntry();
        return part.length;
      }
      case "padding": {
        const used = Math.min(this.#remaining, rest.length);
        this.#remaining -= used;
        if (this.#remaining === 0) this.#state = HEADER;
        return used;
      }
      case "finished":
        return rest.length;
    }
  }

  #collect(rest: Buffer, size: number, use: (bytes: Buffer) => void): number {
    const part = rest.subarray(0, size - this.#heldLength);
    if (this.#heldLength + part.length === size) {
      const bytes = this.#heldLength === 0 ? part : Buffer.concat([...this.#held, part], size);
      this.#held = [];
      this.#heldLength = 0;
      use(bytes);
    } else {
      this.#held.push(Buffer.from(part));
      this.#heldLength += part.length;
    }
    return part.length;
  }

  #header(bytes: Buffer): void {
    const block = this.#headers.decode(bytes);
    this.#zeroBlocks = block.kind === "zero" ? this.#zeroBlocks + 1 : 0;
    if (block.kind === "zero") {
      if (this.#zeroBlocks === 2) this.#state = { at: "finished" };
    } else if (block.kind === "extension") {
      this.#state = { at: "extension", flag: block.flag, size: block.size };
      if (block.size === 0) this.#state = HEADER;
    } else {
      const { size } = block.entry;
      this.#sink.begin(block.entry);
      this.#remaining = size;
      this.#padding = size;
      if (size === 0) this.#endEntry();
      else this.#state = { at: "content" };
    }
  }

  #endEntry(): void {
    this.#sink.end();
    this.#pad(this.#padding);
  }

  /** Content is filled up to whole blocks. */
  #pad(size: number): void {
    this.#remaining = (BLOCK - (size % BLOCK)) % BLOCK;
    this.#state = this.#remaining === 0 ? HEADER : { at: "padding" };
  }
}
