/** Finds where the last lines of a log begin, reading it from its end. */
import type { FileHandle } from "node:fs/promises";
import type { OutputStream } from "../attachment.ts";
import { parseRecord } from "./record.ts";

const BLOCK = 64 * 1024;
/** How far the first pieces of a line are looked for before the records between which they stand. */
const PIECES_REACH = 256 * 1024;

export interface TailStart {
  /** Bytes from the beginning of the file. */
  readonly offset: number;
  /** Lines that end behind `offset` and yet are too old: pieces of a wanted line stand before them. */
  readonly skip: number;
}

/**
 * @param size bytes of the file to regard
 * @param count how many lines of output are wanted, both streams together
 */
export async function findTail(file: FileHandle, size: number, count: number): Promise<TailStart> {
  if (count === 0) return { offset: size, skip: 0 };
  const walk = new TailWalk(count, size);
  for await (const { buffer, start, end, offset } of linesBackwards(file, size)) {
    const record = parseRecord(buffer, start, end);
    if (record !== undefined) walk.see(record.stream, record.full, offset);
    if (walk.done(offset)) break;
  }
  return walk.result();
}

class TailWalk {
  readonly #count: number;
  #lines = 0;
  #offset: number;
  /** Streams whose line that was counted last may have pieces further up. */
  readonly #open = new Set<OutputStream>();
  readonly #seen = new Set<OutputStream>();
  readonly #tooOld: number[] = [];
  #countedAt = 0;

  constructor(count: number, size: number) {
    this.#count = count;
    this.#offset = size;
  }

  see(stream: OutputStream, full: boolean, offset: number): void {
    // The last record of a stream may be a piece: a line that has no end yet, and counts.
    const endsLine = full || !this.#seen.has(stream);
    this.#seen.add(stream);
    if (!endsLine) {
      if (this.#open.has(stream)) this.#offset = offset;
      return;
    }
    if (this.#lines === this.#count) {
      this.#open.delete(stream);
      this.#tooOld.push(offset);
      return;
    }
    this.#lines++;
    this.#open.add(stream);
    this.#offset = offset;
    this.#countedAt = offset;
  }

  done(offset: number): boolean {
    return this.#lines === this.#count && (this.#open.size === 0 || this.#countedAt - offset > PIECES_REACH);
  }

  result(): TailStart {
    return { offset: this.#offset, skip: this.#tooOld.filter((offset) => offset > this.#offset).length };
  }
}

interface LineAt {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  /** Of the line in the file. */
  readonly offset: number;
}

const NEWLINE = 0x0a;

async function* linesBackwards(file: FileHandle, size: number): AsyncGenerator<LineAt> {
  let position = size;
  // Bytes behind `position` whose line begins before it.
  let rest: Buffer = Buffer.alloc(0);
  while (position > 0) {
    const length = Math.min(BLOCK, position);
    position -= length;
    const block = Buffer.allocUnsafe(length);
    await file.read(block, 0, length, position);
    const buffer = Buffer.concat([block, rest]);
    let end = buffer.length;
    while (end > 0) {
      const before = end >= 2 ? buffer.lastIndexOf(NEWLINE, end - 2) : -1;
      if (before < 0) break;
      yield { buffer, start: before + 1, end, offset: position + before + 1 };
      end = before + 1;
    }
    rest = buffer.subarray(0, end);
  }
  if (rest.length > 0) yield { buffer: rest, start: 0, end: rest.length, offset: 0 };
}
