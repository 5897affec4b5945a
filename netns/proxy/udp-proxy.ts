/**
 * Carries UDP from a host port to a container.
 *
 * Node does not tell which address of the host a datagram was sent to, but the answer must come from there. A proxy on all
 * addresses therefore binds the host's addresses one by one, as soon as the first datagram comes: the kernel prefers such
 * a socket to the one for all. That one serves only what has just been added to the host, and until its client asks again.
 */
import type { RemoteInfo, Socket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import type { ProxySpecification, SocketAddress } from "../dataplane/types.ts";
import { ALL_ADDRESSES, ALL_ADDRESSES_6, isIpv6 } from "../ports/host-address.ts";
import type { Budget } from "./budget.ts";
import { bindProxySocket, claimPort, sharePort } from "./listen.ts";
import type { PortProxy, ProxyCounters } from "./types.ts";
import { createUdpSocket, UdpFlow } from "./udp-flow.ts";

/** Milliseconds of silence after which a client is forgotten, as Docker's proxy does. */
const IDLE = 90_000;
const SWEEP_INTERVAL = 15_000;
/** Milliseconds between two looks at the host's addresses. */
const LOOK_INTERVAL = 1_000;
/** Clients of one proxy; the one that was silent for longest makes place. */
const MOST_CLIENTS = 1_024;
/** Addresses of the host that get a socket of their own. */
const MOST_ADDRESSES = 64;

export class UdpProxy implements PortProxy {
  readonly #listen: SocketAddress;
  readonly #budget: Budget;
  readonly #descriptor: number;
  /** By local address; that of `listen` comes first. */
  readonly #sockets = new Map<string, Socket>();
  /** By client; the one that was used last comes last. */
  readonly #flows = new Map<string, UdpFlow>();
  readonly #sweeper: NodeJS.Timeout;
  #target: SocketAddress;
  #lastLook = Number.NEGATIVE_INFINITY;
  #total = 0;
  #refused = 0;
  /** Bytes of clients that are forgotten. */
  #received = 0;
  #sent = 0;

  private constructor(descriptor: number, { listen, target }: ProxySpecification, budget: Budget) {
    this.#descriptor = descriptor;
    this.#listen = listen;
    this.#target = target;
    this.#budget = budget;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_INTERVAL).unref();
  }

  /** @throws `system` (`CTR_PORT_IN_USE`) with Docker's text when the port is taken */
  static async start(specification: ProxySpecification, budget: Budget): Promise<UdpProxy> {
    const { listen } = specification;
    const descriptor = bindProxySocket("udp", listen);
    const proxy = new UdpProxy(descriptor, specification, budget);
    proxy.#serve(listen.address, descriptor);
    claimPort(descriptor);
    return proxy;
  }

  retarget(target: SocketAddress): void {
    this.#target = target;
    for (const client of [...this.#flows.keys()]) this.#forget(client);
  }

  counters(): ProxyCounters {
    let [received, sent] = [this.#received, this.#sent];
    for (const flow of this.#flows.values()) {
      received += flow.received;
      sent += flow.sent;
    }
    return { open: this.#flows.size, total: this.#total, failed: 0, refused: this.#refused, received, sent };
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweeper);
    for (const client of [...this.#flows.keys()]) this.#forget(client);
    this.#budget.giveBack(this.#sockets.size - 1);
    await Promise.all([...this.#sockets.values()].map((socket) => once(socket.close(), "close")));
    this.#sockets.clear();
  }

  #serve(address: string, descriptor: number): void {
    const socket = createUdpSocket(address);
    socket.bind({ fd: descriptor });
    socket.on("message", (data, client) => this.#forward(data, client, socket));
    // A datagram that could not be sent is lost, as UDP may be.
    socket.on("error", () => {});
    this.#sockets.set(address, socket);
  }

  #forward(data: Buffer, { address, port }: RemoteInfo, entrance: Socket): void {
    if (entrance === this.#sockets.get(this.#listen.address)) this.#bindLocalAddresses();
    const client = `${address} ${port}`;
    const flow = this.#flows.get(client) ?? this.#open(client, { address, port }, entrance);
    if (flow === undefined) return;
    this.#flows.delete(client);
    this.#flows.set(client, flow);
    flow.forward(data, entrance);
  }

  #open(client: string, from: SocketAddress, entrance: Socket): UdpFlow | undefined {
    if (this.#flows.size >= MOST_CLIENTS) this.#forgetOldest();
    if (!this.#budget.take(1)) {
      this.#refused++;
      if (this.#flows.size === 0) return undefined;
      this.#forgetOldest();
      this.#budget.take(1);
    }
    this.#total++;
    return new UdpFlow(from, entrance, this.#target, () => this.#forget(client));
  }

  #bindLocalAddresses(): void {
    const { address: all, port } = this.#listen;
    if (all !== ALL_ADDRESSES && all !== ALL_ADDRESSES_6) return;
    const now = performance.now();
    if (now - this.#lastLook < LOOK_INTERVAL) return;
    this.#lastLook = now;
    sharePort(this.#descriptor);
    for (const address of localAddresses(isIpv6(all))) {
      if (this.#sockets.has(address) || this.#sockets.size > MOST_ADDRESSES || !this.#budget.take(1)) continue;
      try {
        const descriptor = bindProxySocket("udp", { address, port });
        claimPort(descriptor);
        this.#serve(address, descriptor);
      } catch {
        // It went away again, or a program of the host has the port there: the socket for all goes on serving.
        this.#budget.giveBack(1);
      }
    }
    claimPort(this.#descriptor);
  }

  /** Map keeps the order, and the idle ones are in front. */
  #sweep(): void {
    const deadline = performance.now() - IDLE;
    for (const [client, flow] of this.#flows) if (flow.lastUsed < deadline) this.#forget(client);
  }

  #forgetOldest(): void {
    const [oldest] = this.#flows.keys();
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(client: string): void {
    const flow = this.#flows.get(client);
    if (flow === undefined) return;
    this.#flows.delete(client);
    this.#received += flow.received;
    this.#sent += flow.sent;
    this.#budget.giveBack(1);
    flow.close();
  }
}

/** Link-local ones have one address a link: there the kernel's choice is right. */
function localAddresses(ipv6: boolean): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, address }) => (family === "IPv6") === ipv6 && !address.startsWith("fe80:"))
    .map(({ address }) => address);
}
