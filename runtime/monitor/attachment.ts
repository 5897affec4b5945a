/** One client's end of a container's standard streams. */

export type OutputStream = "stdout" | "stderr";

export interface OutputChunk {
  readonly stream: OutputStream;
  readonly data: Buffer;
}

/** Which streams a client wants. */
export interface AttachOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

export interface Attachment {
  /** With a terminal all output is `stdout` and is raw; without, a client has to tell the two apart. */
  readonly tty: boolean;
  /** Ends when the container has ended and everything was read, or after {@link close}. To be read once. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves when conmon has taken the bytes. After the container's end they are dropped. */
  write(data: Buffer): Promise<void>;
  /** The client has no more input. Closes the container's input when it asked for that (`StdinOnce`, no terminal). */
  endInput(): void;
  /** The client is gone. */
  close(): void;
}

/** Bytes that wait for a client before the container is made to wait. */
const HIGH_WATER = 256 * 1024;

/** What an attachment asks of its console. */
export interface ConsolePort {
  readonly drained: () => void;
  readonly write: (data: Buffer) => Promise<void>;
  readonly endInput: () => void;
  readonly closed: () => void;
}

export class StreamAttachment implements Attachment {
  readonly tty: boolean;
  readonly hasInput: boolean;
  readonly #wanted: ReadonlySet<OutputStream>;
  readonly #console: ConsolePort;
  #waiting: OutputChunk[] = [];
  #bytes = 0;
  #finished = false;
  #closed = false;
  #wake: (() => void) | undefined;
  readonly #ended = Promise.withResolvers<void>();

  constructor({ stdin = false, stdout = true, stderr = true }: AttachOptions, tty: boolean, port: ConsolePort) {
    this.tty = tty;
    this.hasInput = stdin;
    this.#wanted = new Set<OutputStream>([
      ...(stdout ? ["stdout" as const] : []),
      ...(stderr ? ["stderr" as const] : []),
    ]);
    this.#console = port;
  }

  /** Bytes of output that were taken from the container and not yet read here. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes >= HIGH_WATER;
  }

  /** Resolves when the client has taken all output, or is gone. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  push(stream: OutputStream, data: Buffer): void {
    if (this.#finished || !this.#wanted.has(stream)) return;
    this.#waiting.push({ stream, data });
    this.#bytes += data.length;
    this.#wake?.();
  }

  /** No more output will come. */
  finish(): void {
    this.#finished = true;
    this.#wake?.();
  }

  get output(): AsyncIterable<OutputChunk> {
    return this.#readToEnd();
  }

  write(data: Buffer): Promise<void> {
    return this.hasInput && !this.#finished ? this.#console.write(data) : Promise.resolve();
  }

  endInput(): void {
    if (this.hasInput) this.#console.endInput();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#bytes = 0;
    this.finish();
    this.#ended.resolve();
    this.#console.closed();
  }

  async *#readToEnd(): AsyncGenerator<OutputChunk> {
    try {
      yield* this.#read();
    } finally {
      this.#ended.resolve();
    }
  }

  async *#read(): AsyncGenerator<OutputChunk> {
    for (;;) {
      const chunks = this.#waiting;
      this.#waiting = [];
      for (const chunk of chunks) {
        if (this.#closed) return;
        yield chunk;
        const wasFull = this.full;
        this.#bytes = Math.max(0, this.#bytes - chunk.data.length);
        if (wasFull && !this.full) this.#console.drained();
      }
      if (chunks.length > 0) continue;
      if (this.#finished) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
