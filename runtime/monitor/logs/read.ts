/** Reads a container's log: from the beginning or its last lines, to its present end or as long as the container lives. */
import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { hasCode } from "../../../lib/errors.ts";
import type { OutputStream } from "../attachment.ts";
import { type LogRecord, microseconds, parseRecord, utcTime } from "./record.ts";
import { findTail } from "./tail.ts";

export interface LogOptions {
  /** Both by default. */
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** How many lines from the end; all when absent. */
  readonly tail?: number;
  /** Microseconds since 1970: only what was written at or after it. */
  readonly since?: number;
  /** Microseconds since 1970: only what was written up to it. */
  readonly until?: number;
  /** Puts the time and a space before each line. */
  readonly timestamps?: boolean;
  /** Waits for more until this resolves; what was written by then is read to its end. */
  readonly follow?: Promise<unknown>;
  /** Ends the reading at once. */
  readonly signal?: AbortSignal;
}

export interface LogEntry {
  readonly stream: OutputStream;
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  /** A line with its newline, or as much of one as there is: the last may have none, a very long one comes in pieces. */
  readonly data: Buffer;
}

const BLOCK = 256 * 1024;
/** A line is put together up to this size and handed on in pieces beyond. */
const LONGEST_LINE = 64 * 1024;

/** A log that does not exist is empty. */
export async function* readLogs(path: string, options: LogOptions = {}): AsyncGenerator<LogEntry> {
  const file = await openLog(path);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    const { offset, skip } =
      options.tail === undefined ? { offset: 0, skip: 0 } : await findTail(file, size, options.tail);
    const lines = new LineJoiner(options, skip);
    for await (const records of blocksOfRecords(file, path, offset, options)) {
      for (const record of records) {
        const entry = lines.add(record);
        if (entry !== undefined) yield entry;
        if (lines.ended) return;
      }
      if (records.length === 0) yield* lines.flush();
    }
    yield* lines.flush();
  } finally {
    await file.close();
  }
}

async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Joins the pieces of lines, numbers them, and filters. */
class LineJoiner {
  readonly #options: LogOptions;
  readonly #pieces: Record<OutputStream, LogRecord[]> = { stdout: [], stderr: [] };
  readonly #bytes: Record<OutputStream, number> = { stdout: 0, stderr: 0 };
  /** The beginning of the present line was handed on already. */
  readonly #begun: Record<OutputStream, boolean> = { stdout: false, stderr: false };
  #skip: number;
  ended = false;

  constructor(options: LogOptions, skip: number) {
    this.#options = options;
    this.#skip = skip;
  }

  add(record: LogRecord): LogEntry | undefined {
    const { stream, full } = record;
    if (full && this.#pieces[stream].length === 0) return this.#finish(stream, record.time, record.data, true);
    this.#pieces[stream].push(record);
    this.#bytes[stream] += record.data.length;
    if (!full && this.#bytes[stream] < LONGEST_LINE) return undefined;
    return this.#join(stream, full);
  }

  /** What there is of unfinished lines: a prompt, for example. */
  *flush(): Generator<LogEntry> {
    for (const stream of ["stdout", "stderr"] as const) {
      const entry = this.#pieces[stream].length === 0 ? undefined : this.#join(stream, false);
      if (entry !== undefined) yield entry;
    }
  }

  #join(stream: OutputStream, full: boolean): LogEntry | undefined {
    const pieces = this.#pieces[stream];
    this.#pieces[stream] = [];
    this.#bytes[stream] = 0;
    const data = Buffer.concat(pieces.map((piece) => piece.data));
    return this.#finish(stream, pieces[0]?.time ?? "", data, full);
  }

  #finish(stream: OutputStream, time: string, data: Buffer, full: boolean): LogEntry | undefined {
    const continues = this.#begun[stream];
    this.#begun[stream] = !full;
    if (full && this.#skip > 0) {
      this.#skip--;
      return undefined;
    }
    if (!this.#wants(stream, time)) return undefined;
    const utc = utcTime(time);
    const stamped = this.#options.timestamps === true && !continues;
    return { stream, time: utc, data: stamped ? Buffer.concat([Buffer.from(`${utc} `), data]) : data };
  }

  #wants(stream: OutputStream, time: string): boolean {
    const { since, until } = this.#options;
    if (since !== undefined || until !== undefined) {
      const written = microseconds(time);
      if (until !== undefined && written > until) {
        this.ended = true;
        return false;
      }
      if (since !== undefined && written < since) return false;
    }
    return this.#options[stream] ?? true;
  }
}

/** The records from `offset` on, a block at a time; an empty list each time the present end is reached. */
async function* blocksOfRecords(
  file: FileHandle,
  path: string,
  offset: number,
  { follow, signal }: LogOptions,
): AsyncGenerator<LogRecord[]> {
  using growth = follow === undefined ? undefined : new Growth(path, follow, signal);
  let position = offset;
  let rest: Buffer = Buffer.alloc(0);
  while (signal?.aborted !== true) {
    // Asked before reading: what is written before the end is then surely read.
    const last = growth?.ended ?? true;
    const block = Buffer.allocUnsafe(BLOCK);
    const { bytesRead } = await file.read(block, 0, BLOCK, position);
    if (bytesRead > 0) {
      position += bytesRead;
      const buffer =
        rest.length === 0 ? block.subarray(0, bytesRead) : Buffer.concat([rest, block.subarray(0, bytesRead)]);
      const { records, end } = parseBlock(buffer);
      rest = buffer.subarray(end);
      if (records.length > 0) yield records;
      continue;
    }
    if (last || growth === undefined) return;
    yield [];
    await growth.more();
  }
}

const NEWLINE = 0x0a;

function parseBlock(buffer: Buffer): { records: LogRecord[]; end: number } {
  const records: LogRecord[] = [];
  let start = 0;
  for (;;) {
    const newline = buffer.indexOf(NEWLINE, start);
    if (newline < 0) return { records, end: start };
    const record = parseRecord(buffer, start, newline + 1);
    if (record !== undefined) records.push(record);
    start = newline + 1;
  }
}

/** Tells when a file may have grown. */
class Growth implements Disposable {
  ended = false;
  readonly #watcher;
  readonly #signal: AbortSignal | undefined;
  readonly #poke = (): void => {
    this.#grown = true;
    this.#wake?.();
  };
  #grown = false;
  #wake: (() => void) | undefined;

  constructor(path: string, end: Promise<unknown>, signal: AbortSignal | undefined) {
    this.#watcher = watch(path, this.#poke);
    this.#signal = signal;
    signal?.addEventListener("abort", this.#poke);
    const finish = (): void => {
      this.ended = true;
      this.#poke();
    };
    end.then(finish, finish);
  }

  /** Resolves when the file has changed since the last call, or the end has come. */
  async more(): Promise<void> {
    if (!this.#grown) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#grown = false;
    this.#wake = undefined;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#signal?.removeEventListener("abort", this.#poke);
  }
}
