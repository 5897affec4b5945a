/** One client of a UDP proxy: a socket of its own towards the container, so that answers find back to it. */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { SocketAddress } from "../dataplane/types.ts";
import { canonicalAddress } from "../ports/host-address.ts";

export class UdpFlow {
  readonly #socket: Socket;
  readonly #target: SocketAddress;
  /** The socket that the client sends to: answers leave by it, and thus have the address that the client expects. */
  #entrance: Socket;
  received = 0;
  sent = 0;
  /** Milliseconds of the monotonic clock. */
  lastUsed = performance.now();

  /** @param onFailed the socket towards the container cannot be had or is lost */
  constructor(client: SocketAddress, entrance: Socket, target: SocketAddress, onFailed: () => void) {
    this.#target = { ...target, address: canonicalAddress(target.address) ?? target.address };
    this.#entrance = entrance;
    this.#socket = createUdpSocket(target.address);
    this.#socket.on("error", onFailed);
    this.#socket.on("message", (data, { address, port }) => {
      if (address !== this.#target.address || port !== this.#target.port) return;
      this.sent += data.length;
      this.lastUsed = performance.now();
      // UDP: what cannot be sent is lost.
      this.#entrance.send(data, client.port, client.address, () => {});
    });
  }

  forward(data: Buffer, entrance: Socket): void {
    this.received += data.length;
    this.lastUsed = performance.now();
    this.#entrance = entrance;
    this.#socket.send(data, this.#target.port, this.#target.address, () => {});
  }

  close(): void {
    this.#socket.close();
  }
}

/** A socket of the family of an address, to which Node sends without asking for names. */
export function createUdpSocket(address: string): Socket {
  const family = isIPv6(address) ? 6 : 4;
  return createSocket({
    type: family === 6 ? "udp6" : "udp4",
    ipv6Only: family === 6,
    lookup: (host, _options, found) => found(null, host, family),
  });
}
