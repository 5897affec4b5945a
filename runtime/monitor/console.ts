/**
 * The standard streams of one container (or exec): one connection to its conmon, shared by any number of attachments.
 *
 * One connection and not one per client, because conmon accepts a single connection per turn of its loop: with two, the
 * second could miss the first output. A client that reads slowly pauses the connection; then conmon, and at last the
 * container, waits. Nothing is lost and nothing piles up here (Docker makes the container wait too).
 */
import type { Socket } from "node:net";
import { connectSeqpacket } from "../../lib/system/seqpacket.ts";
import { type AttachOptions, type OutputStream, StreamAttachment } from "./attachment.ts";

/** conmon reads at most 32 KiB of a packet and drops the rest; its own pipe to the container takes 64 KiB at once. */
const INPUT_PACKET = 16 * 1024;
const STREAM_BY_TAG: Readonly<Record<number, OutputStream>> = { 2: "stdout", 3: "stderr" };

export interface ConsoleOptions {
  readonly tty: boolean;
  /** conmon closes the container's input when we end ours (`StdinOnce` without a terminal). */
  readonly closesInput: boolean;
}

export class Console {
  readonly #options: ConsoleOptions;
  readonly #attachments = new Set<StreamAttachment>();
  #connected = Promise.withResolvers<Socket | undefined>();
  #socket: Socket | undefined;
  #closed = false;
  #inputEnded = false;
  readonly #onClose = (): void => this.close();
  /** Writes go out one after the other: Node would join waiting ones into one packet, which may exceed conmon's limit. */
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(options: ConsoleOptions) {
    this.#options = options;
  }

  /** True when it is over: the container has ended and all its output was read, or {@link close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** True while there are clients. */
  get attached(): boolean {
    return this.#attachments.size > 0;
  }

  /** Resolves when all who are clients now have taken all output, or are gone. */
  async ended(): Promise<void> {
    await Promise.all([...this.#attachments].map((attachment) => attachment.ended));
  }

  /** A new client. Before {@link connect} it waits: this is how a client gets the first byte of output. */
  attach(options: AttachOptions): StreamAttachment {
    const attachment: StreamAttachment = new StreamAttachment(options, this.#options.tty, {
      drained: () => this.#flow(),
      write: (data) => this.#write(data),
      endInput: () => this.#endInput(),
      closed: () => this.#detached(attachment),
    });
    if (this.#closed) attachment.finish();
    else this.#attachments.add(attachment);
    return attachment;
  }

  /**
   * Connects to conmon's attach socket.
   * @throws {SystemCallError} when conmon is gone
   */
  connect(path: string): void {
    if (this.#socket !== undefined || this.#closed) return;
    const { socket, takeUnread } = connectSeqpacket(path);
    this.#socket = socket;
    socket.on("data", (packet: Buffer) => this.#receive(packet));
    // conmon may end, or be killed, while we write: what counts is what it had sent before.
    socket.on("error", () => {
      for (const packet of takeUnread()) this.#receive(packet);
    });
    socket.on("end", () => socket.destroy());
    socket.on("close", this.#onClose);
    this.#connected.resolve(socket);
    this.#flow();
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Ends all attachments; output that they hold can still be read. The container goes on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connected.resolve(undefined);
    this.#socket?.destroy();
    for (const attachment of [...this.#attachments]) attachment.finish();
    this.#attachments.clear();
  }

  #receive(packet: Buffer): void {
    const stream = STREAM_BY_TAG[packet[0] ?? 0];
    if (stream === undefined) return;
    const data = packet.subarray(1);
    for (const attachment of this.#attachments) attachment.push(stream, data);
    this.#flow();
  }

  #flow(): void {
    if (this.#socket === undefined) return;
    const full = [...this.#attachments].some((attachment) => attachment.full);
    if (full) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #write(data: Buffer): Promise<void> {
    const written = this.#lastWrite.then(() => this.#send(data));
    this.#lastWrite = written;
    return written;
  }

  async #send(data: Buffer): Promise<void> {
    const socket = await this.#connected.promise;
    for (let start = 0; start < data.length; start += INPUT_PACKET) {
      if (socket === undefined || !socket.writable) return;
      await new Promise<void>((resolve) => {
        socket.write(data.subarray(start, start + INPUT_PACKET), () => resolve());
      });
    }
  }

  #endInput(): void {
    if (!this.#options.closesInput || this.#inputEnded) return;
    this.#inputEnded = true;
    void this.#lastWrite.then(async () => (await this.#connected.promise)?.end());
  }

  #detached(attachment: StreamAttachment): void {
    this.#attachments.delete(attachment);
    if (attachment.hasInput) this.#endInput();
    // conmon takes the end of our connection for the end of the container's input. So while that is still open, the
    // connection stays, its output dropped, although nobody listens.
    const keep = this.#options.closesInput && !this.#inputEnded;
    if (this.#attachments.size > 0 || keep) this.#flow();
    else void this.#lastWrite.then(() => this.#disconnect());
  }

  #disconnect(): void {
    if (this.#attachments.size > 0) return;
    this.#socket?.off("close", this.#onClose);
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#connected = Promise.withResolvers();
  }
}
