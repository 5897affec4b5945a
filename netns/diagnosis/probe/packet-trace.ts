/**
 * Follows the flow's packets through the rules of one network namespace: arms it, listens, and leaves nothing when it is
 * closed or the process ends.
 */
import { errnoName, lastErrno, poolCall, rawCall, systemCall } from "../../../lib/system/libc.ts";
import { AF_NETLINK, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, SOL_SOCKET } from "../../../lib/system/socket.ts";
import { parseMessages } from "../../netlink/codec.ts";
import { MessageType, NETLINK_NETFILTER } from "../../netlink/constants.ts";
import { NetlinkError } from "../../netlink/transport.ts";
import type { PacketHeader, Place, TracedVerdict } from "../types/index.ts";
import { directionOf, isOfInterest, type Selection } from "./selection.ts";
import { parseTrace, TRACE_MESSAGE, type TraceMessage } from "./trace-message.ts";
import { ingressTransaction, isProbeTable, type TableFamily, tableTransaction } from "./trace-table.ts";

/** NFNLGRP_NFTRACE as bit. */
const TRACE_GROUP = 1 << (9 - 1);
const SO_RCVBUFFORCE = 33;
const RECEIVE_BUFFER = 1 << 20;
const RECEIVE_LENGTH = 64 * 1024;
const EAGAIN = 11;
const ENOBUFS = 105;

export interface TracedStep extends TracedVerdict {
  /** The same packet has the same one in all namespaces. */
  readonly key: string;
}

interface Known {
  readonly isOfInterest: boolean;
  readonly inputDevice: number | undefined;
  readonly outputDevice: number | undefined;
  readonly direction: "there" | "back";
  readonly header: PacketHeader;
  readonly key: string;
}

export class PacketTrace implements AsyncDisposable {
  readonly place: Place;
  /** Some of what the kernel told was lost. */
  lost = false;
  readonly #fd: number;
  readonly #selection: Selection;
  readonly #names: ReadonlyMap<number, string>;
  readonly #buffer = Buffer.allocUnsafeSlow(RECEIVE_LENGTH);
  /** By the kernel's number: only the first message of a chain has the packet's headers. */
  readonly #known = new Map<number, Known>();

  private constructor(place: Place, fd: number, selection: Selection, names: ReadonlyMap<number, string>) {
    this.place = place;
    this.#fd = fd;
    this.#selection = selection;
    this.#names = names;
  }

  /**
   * Listens in the network namespace that the thread is in. {@link arm} makes the kernel tell something.
   * @param names of links by their indexes
   * @throws {SystemCallError} where the kernel has no nftables
   */
  static open(place: Place, selection: Selection, names: ReadonlyMap<number, string>): PacketTrace {
    const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const fd = systemCall("socket", "netfilter", AF_NETLINK, type, NETLINK_NETFILTER);
    try {
      const size = Buffer.alloc(4);
      size.writeInt32LE(RECEIVE_BUFFER);
      rawCall("setsockopt", fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length);
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      address.writeUInt32LE(TRACE_GROUP, 8);
      systemCall("bind", "packet trace", fd, address, address.length);
      return new PacketTrace(place, fd, selection, names);
    } catch (error) {
      rawCall("close", fd);
      throw error;
    }
  }

  /** @param table its name @throws {NetlinkError} the kernel refuses the table: `EOPNOTSUPP` before Linux 5.12 */
  arm(table: string, family: TableFamily): void {
    this.#commit(`trace packets (${family})`, tableTransaction(table, family, this.#selection));
  }

  /** As {@link arm}, for what devices let in. @param devices names @throws {NetlinkError} */
  armIngress(table: string, devices: readonly string[]): void {
    this.#commit("trace packets (netdev)", ingressTransaction(table, devices, this.#selection));
  }

  /** Steps since the last call, in the order in which they happened. Never waits. @param now for their times */
  steps(now: number): TracedStep[] {
    return this.#receive()
      .filter(({ type }) => type === TRACE_MESSAGE)
      .flatMap(({ payload }) => this.#stepOf(parseTrace(payload), now) ?? []);
  }

  /** The table goes with the socket; the kernel takes some milliseconds, on another thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    await poolCall("close", this.#fd);
  }

  #commit(operation: string, transaction: Buffer): void {
    systemCall("send", operation, this.#fd, transaction, transaction.length, 0);
    // The kernel has answered within send(2). A packet may already have been traced.
    const errors = this.#receive().filter(({ type }) => type === MessageType.error);
    const refused = errors.find(({ payload }) => payload.readInt32LE(0) !== 0);
    if (refused !== undefined) throw new NetlinkError(operation, -refused.payload.readInt32LE(0), "");
  }

  #stepOf(message: TraceMessage | undefined, now: number): TracedStep | undefined {
    if (message === undefined) return undefined;
    const known = this.#knownOf(message);
    if (known === undefined || !known.isOfInterest || isUninteresting(message)) return undefined;
    return {
      place: this.place,
      direction: known.direction,
      family: message.family,
      table: message.table,
      chain: message.chain,
      kind: message.kind,
      handle: message.handle,
      verdict: message.verdict,
      target: message.target,
      inputDevice: this.#nameOf(known.inputDevice),
      outputDevice: this.#nameOf(known.outputDevice),
      at: now,
      packet: known.header,
      key: known.key,
    };
  }

  /** A packet whose addresses were changed is known by its number. A number is given again: a packet of another flow ends it. */
  #knownOf({ id, packet, inputDevice, outputDevice }: TraceMessage): Known | undefined {
    const before = this.#known.get(id);
    if (packet === undefined) return before;
    const direction =
      directionOf(this.#selection, packet) ?? (before?.key === packet.key ? before.direction : undefined);
    if (direction === undefined) {
      this.#known.delete(id);
      return undefined;
    }
    const { header, key } = packet;
    const known = {
      ...{ direction, header, key, inputDevice, outputDevice },
      isOfInterest: isOfInterest(this.#selection, packet),
    };
    this.#known.set(id, known);
    return known;
  }

  #nameOf(index: number | undefined): string | undefined {
    return index === undefined ? undefined : (this.#names.get(index) ?? `#${index}`);
  }

  #receive() {
    const messages: { readonly type: number; readonly payload: Buffer }[] = [];
    for (;;) {
      const length = rawCall("recv", this.#fd, this.#buffer, RECEIVE_LENGTH, 0);
      if (length < 0) {
        const errno = lastErrno();
        if (errno === EAGAIN) return messages;
        if (errno !== ENOBUFS) throw new Error(`packet trace: ${errnoName(errno)}`);
        this.lost = true;
        continue;
      }
      const copy = Buffer.from(this.#buffer.subarray(0, length));
      messages.push(...parseMessages(copy));
    }
  }
}

/** The end of a chain without a verdict; and what our own rules do: that our chains were passed is told by their policy. */
const isUninteresting = ({ kind, handle, table }: TraceMessage): boolean =>
  kind === "rule" && (handle === undefined || isProbeTable(table));
