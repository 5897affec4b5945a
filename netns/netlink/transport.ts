/**
 * A synchronous AF_NETLINK socket. The kernel answers within send(2), so a request costs about 5 µs and never waits.
 * A socket belongs to the network namespace it was opened in and goes on acting there after the thread has left.
 */
import { getSystemErrorMap } from "node:util";
import { errnoName, lastErrno, poolCall, rawCall, SystemCallError, systemCall } from "../../lib/system/libc.ts";
import { AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW, SOL_SOCKET } from "../../lib/system/socket.ts";
import { type Message, message, parseAttributes, parseMessages, readText } from "./codec.ts";
import { ErrorAttribute, MessageFlag, MessageType, NETLINK_ROUTE } from "./constants.ts";

const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const EINTR = 4;

/** The kernel fills at most 32 KiB at a time into a dump's reader. */
const RECEIVE_LENGTH = 64 * 1024;
/** For answers that are copied before anything else runs: sockets that are opened by the hundred need none of their own. */
const sharedBuffer = Buffer.allocUnsafeSlow(RECEIVE_LENGTH);
const ANSWER_TIMEOUT_S = 5;
const DUMP_ATTEMPTS = 20;

/** The kernel refused a netlink request. */
export class NetlinkError extends Error {
  override readonly name: string = "NetlinkError";
  /** Positive error number. */
  readonly errno: number;
  /** The errno's name: `EEXIST`. */
  readonly code: string;
  /** The kernel's own explanation (extended ACK); empty when it gave none. */
  readonly kernelText: string;

  /** @param operation what was asked, for the text: `create bridge ctr0` */
  constructor(operation: string, errno: number, kernelText: string) {
    const code = errnoName(errno);
    const general = getSystemErrorMap().get(-errno)?.[1] ?? "unknown error";
    super(`${operation}: ${kernelText === "" ? general : kernelText} (${code})`);
    this.errno = errno;
    this.code = code;
    this.kernelText = kernelText;
  }
}

export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  /** For answers that others look at while they come. */
  #ownBuffer: Buffer | undefined;
  #sequence = 0;
  #closed = false;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Opens a socket in the thread's present network namespace.
   * @param family NETLINK_*: who is spoken to
   * @throws {SystemCallError}
   */
  static open(family: number = NETLINK_ROUTE): NetlinkSocket {
    const fd = systemCall("socket", "netlink", AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
    try {
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      systemCall("bind", "netlink socket", fd, address, address.length);
      for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) setFlag(fd, option);
      // Only a broken kernel leaves a request without an answer. The engine must not hang on it for ever.
      const timeout = Buffer.alloc(16);
      timeout.writeBigInt64LE(BigInt(ANSWER_TIMEOUT_S), 0);
      systemCall("setsockopt", "netlink receive timeout", fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
      return new NetlinkSocket(fd);
    } catch (error) {
      rawCall("close", fd);
      throw error;
    }
  }

  /**
   * Asks for a change, or for one object.
   * @param operation what is asked, for the error text
   * @param flags {@link MessageFlag} values beside request and ack
   * @returns the payloads of the answer; none for a change
   * @throws {NetlinkError}
   */
  request(operation: string, type: number, flags: number, payload: Buffer): Buffer[] {
    return this.#exchange(operation, type, flags | MessageFlag.ack, payload).payloads;
  }

  /**
   * Asks for a list. A list that changed while it was read is read again.
   * @throws {NetlinkError}
   */
  dump(operation: string, type: number, payload: Buffer): Buffer[] {
    for (let attempt = 1; ; attempt++) {
      const { payloads, interrupted } = this.#exchange(operation, type, MessageFlag.dump, payload);
      if (!interrupted || attempt === DUMP_ATTEMPTS) return payloads;
    }
  }

  /**
   * As {@link dump}, of a list that may be long: each entry is looked at as it comes.
   * @param visit gets a view that holds during the call; false ends the list, and the socket must then be closed
   * @throws {NetlinkError}
   */
  dumpEach(operation: string, type: number, payload: Buffer, visit: (entry: Buffer) => boolean): void {
    this.#send(operation, type, MessageFlag.dump, payload);
    for (;;) {
      for (const answer of parseMessages(this.#receive(operation, this.#buffer))) {
        if (answer.sequence !== this.#sequence) continue;
        if (answer.type === MessageType.error || answer.type === MessageType.done) {
          checkEnd(operation, answer);
          return;
        }
        if (!visit(answer.payload)) return;
      }
    }
  }

  /**
   * Asks for a change that takes the kernel milliseconds: it works on another thread meanwhile. A socket does one such
   * thing at a time and nothing else, and must not be closed before the end.
   * @throws {NetlinkError}
   */
  async changeInBackground(operation: string, type: number, payload: Buffer): Promise<void> {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const flags = MessageFlag.request | MessageFlag.ack;
    const request = message(type, flags, this.#sequence, payload);
    if ((await poolCall("send", this.#fd, request, request.length, 0)) < 0) throw lostAnswer(operation);
    // The kernel has answered within send(2).
    this.#receiveAnswer(operation);
  }

  /**
   * As {@link dump}, for lists that take the kernel milliseconds: it works on another thread meanwhile. A socket does one
   * such thing at a time and nothing else, and must not be closed before the end.
   * @returns the payloads as they come, as views that hold until the next one is asked for
   * @throws {NetlinkError}
   */
  async *dumpInBackground(operation: string, type: number, payload: Buffer): AsyncGenerator<Buffer> {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const request = message(type, MessageFlag.dump | MessageFlag.request, this.#sequence, payload);
    if ((await poolCall("send", this.#fd, request, request.length, 0)) < 0) throw lostAnswer(operation);
    for (;;) {
      const length = await poolCall("recv", this.#fd, this.#buffer, RECEIVE_LENGTH, 0);
      if (length < 0) throw lostAnswer(operation);
      for (const answer of parseMessages(this.#buffer.subarray(0, length))) {
        if (answer.sequence !== this.#sequence) continue;
        if (answer.type === MessageType.error || answer.type === MessageType.done) {
          checkEnd(operation, answer);
          return;
        }
        yield answer.payload;
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    rawCall("close", this.#fd);
  }

  #exchange(operation: string, type: number, flags: number, payload: Buffer) {
    this.#send(operation, type, flags, payload);
    return this.#receiveAnswer(operation);
  }

  #send(operation: string, type: number, flags: number, payload: Buffer): void {
    // A closed descriptor's number may belong to another file by now.
    if (this.#closed) throw new TypeError(`${operation}: the netlink socket is closed`);
    this.#sequence = (this.#sequence + 1) >>> 0;
    const request = message(type, flags | MessageFlag.request, this.#sequence, payload);
    systemCall("send", `netlink (${operation})`, this.#fd, request, request.length, 0);
  }

  #receiveAnswer(operation: string): { readonly payloads: Buffer[]; readonly interrupted: boolean } {
    const payloads: Buffer[] = [];
    let interrupted = false;
    for (;;) {
      for (const answer of parseMessages(this.#receive(operation, sharedBuffer))) {
        // An answer to a request that was given up.
        if (answer.sequence !== this.#sequence) continue;
        interrupted ||= (answer.flags & MessageFlag.dumpInterrupted) !== 0;
        if (answer.type === MessageType.error || answer.type === MessageType.done) {
          checkEnd(operation, answer);
          return { payloads, interrupted };
        }
        payloads.push(Buffer.from(answer.payload));
      }
    }
  }

  get #buffer(): Buffer {
    this.#ownBuffer ??= Buffer.allocUnsafeSlow(RECEIVE_LENGTH);
    return this.#ownBuffer;
  }

  #receive(operation: string, buffer: Buffer): Buffer {
    for (;;) {
      const length = rawCall("recv", this.#fd, buffer, RECEIVE_LENGTH, 0);
      if (length >= 0) return buffer.subarray(0, length);
      const errno = lastErrno();
      if (errno !== EINTR) throw new SystemCallError("recv", errno, `netlink (${operation})`);
    }
  }
}

/** The last message of an answer carries the result: 0 or a negative errno, and the kernel's text in attributes. */
function checkEnd(operation: string, { type, flags, payload }: Message): void {
  const result = payload.length >= 4 ? payload.readInt32LE(0) : 0;
  if (result === 0) return;
  // An error quotes the request's header after the number, and its payload too unless it was capped.
  const quoted = type === MessageType.done ? 0 : flags & MessageFlag.capped ? 16 : payload.readUInt32LE(4);
  const hasText = (flags & MessageFlag.extendedAck) !== 0;
  const attributes = hasText ? parseAttributes(payload, 4 + ((quoted + 3) & ~3)) : undefined;
  throw new NetlinkError(operation, -result, readText(attributes?.get(ErrorAttribute.text)));
}

/** On another thread the errno gets lost; it is a time-out as a rule. */
const lostAnswer = (operation: string): Error => new Error(`${operation}: the kernel does not answer`);

function setFlag(fd: number, option: number): void {
  const on = Buffer.alloc(4);
  on.writeInt32LE(1, 0);
  systemCall("setsockopt", `netlink option ${option}`, fd, SOL_NETLINK, option, on, on.length);
}
