/**
 * Many datagrams with one system call each way, recvmmsg(2) and sendmmsg(2): Node's own way costs several microseconds a
 * datagram, and two system calls. The structures are laid out once, and point to memory that is used again and again.
 */
import { addressOf, rawCall } from "../../lib/system/libc.ts";

/** Datagrams of one call. */
const SLOTS = 32;
/** Bytes. No query of a resolver is longer; what the kernel had to cut is passed over. */
const RECEIVED_SIZE = 4_096;
/** Bytes. Longer answers are sent one by one. */
const SENT_SIZE = 1_232;
/** `struct sockaddr_in`. */
const ADDRESS_SIZE = 16;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;

/** `struct mmsghdr` of 64-bit Linux, offsets in bytes. */
const Header = { size: 64, name: 0, nameLength: 8, vector: 16, vectorLength: 24, flags: 48, received: 56 } as const;
/** `struct iovec`. */
const Vector = { size: 16, base: 0, length: 8 } as const;

export class DatagramBatch {
  readonly #received = new Slots(RECEIVED_SIZE);
  readonly #sent = new Slots(SENT_SIZE);
  #filled = 0;

  /** Takes the datagrams that wait. @returns how many */
  receive(fd: number): number {
    const { headers } = this.#received;
    for (let index = 0; index < SLOTS; index++)
      headers.writeUInt32LE(ADDRESS_SIZE, index * Header.size + Header.nameLength);
    return Math.max(0, rawCall("recvmmsg", fd, headers, SLOTS, MSG_DONTWAIT, null));
  }

  /** One that was received; its memory is overwritten by the next call. Empty when it was too long. */
  message(index: number): Buffer {
    const { headers, data } = this.#received;
    const header = index * Header.size;
    const isCut = (headers.readInt32LE(header + Header.flags) & MSG_TRUNC) !== 0;
    const start = index * RECEIVED_SIZE;
    return data.subarray(start, start + (isCut ? 0 : headers.readUInt32LE(header + Header.received)));
  }

  /** The address of who sent it, to keep. */
  peer(index: number): Buffer {
    return Buffer.from(this.#received.addresses.subarray(index * ADDRESS_SIZE, (index + 1) * ADDRESS_SIZE));
  }

  /**
   * Puts in an answer for who sent a datagram.
   * @returns false when it is too long for that
   */
  reply(index: number, answer: Buffer): boolean {
    if (answer.length > SENT_SIZE) return false;
    const { vectors, addresses, data } = this.#sent;
    const slot = this.#filled++;
    answer.copy(data, slot * SENT_SIZE);
    vectors.writeUInt32LE(answer.length, slot * Vector.size + Vector.length);
    this.#received.addresses.copy(addresses, slot * ADDRESS_SIZE, index * ADDRESS_SIZE, (index + 1) * ADDRESS_SIZE);
    return true;
  }

  /** Sends what was put in. What the kernel does not take is lost, as on a wire. */
  send(fd: number): void {
    const count = this.#filled;
    this.#filled = 0;
    for (let done = 0; done < count; ) {
      const sent = rawCall("sendmmsg", fd, this.#sent.headers.subarray(done * Header.size), count - done, MSG_DONTWAIT);
      // One that fails ends the call: it is passed over, and those after it are sent.
      done += Math.max(1, sent);
    }
  }
}

/** The memory of the datagrams of one direction. */
class Slots {
  readonly headers = Buffer.alloc(SLOTS * Header.size);
  readonly vectors = Buffer.alloc(SLOTS * Vector.size);
  readonly addresses = Buffer.alloc(SLOTS * ADDRESS_SIZE);
  readonly data: Buffer;

  constructor(size: number) {
    this.data = Buffer.alloc(SLOTS * size);
    const [vectors, addresses, data] = [this.vectors, this.addresses, this.data].map(addressOf) as [
      bigint,
      bigint,
      bigint,
    ];
    for (let index = 0; index < SLOTS; index++) {
      const header = index * Header.size;
      this.headers.writeBigUInt64LE(addresses + BigInt(index * ADDRESS_SIZE), header + Header.name);
      this.headers.writeUInt32LE(ADDRESS_SIZE, header + Header.nameLength);
      this.headers.writeBigUInt64LE(vectors + BigInt(index * Vector.size), header + Header.vector);
      this.headers.writeUInt32LE(1, header + Header.vectorLength);
      this.vectors.writeBigUInt64LE(data + BigInt(index * size), index * Vector.size + Vector.base);
      this.vectors.writeUInt32LE(size, index * Vector.size + Vector.length);
    }
  }
}
