/** Carries TCP connections from a host port to a container, each end's close and each end's pace to the other. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { codeOf } from "../../lib/errors.ts";
import type { ProxySpecification, SocketAddress } from "../dataplane/types.ts";
import { bindFailed } from "../ports/failures.ts";
import type { Budget } from "./budget.ts";
import { bindProxySocket } from "./listen.ts";
import type { PortProxy, ProxyCounters } from "./types.ts";

/** Connections that the kernel keeps until they are accepted; it takes its own net.core.somaxconn when that is less. */
const BACKLOG = 4096;
/** Milliseconds of silence after which the kernel asks whether the other end is still there. */
const KEEP_ALIVE = 60_000;
/** A half-closed connection is one that is used: `allowHalfOpen`. */
const OPTIONS = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE } as const;

/** Of a connection: one socket to either end. */
const FILES = 2;

interface Connection {
  readonly client: Socket;
  readonly container: Socket;
}

export class TcpProxy implements PortProxy {
  readonly #server: Server;
  readonly #budget: Budget;
  readonly #connections = new Set<Connection>();
  #target: SocketAddress;
  #total = 0;
  #failed = 0;
  #refused = 0;
  /** Bytes of connections that are closed. */
  #received = 0;
  #sent = 0;

  private constructor(server: Server, target: SocketAddress, budget: Budget) {
    this.#server = server;
    this.#target = target;
    this.#budget = budget;
    server.on("connection", (client) => this.#accept(client));
    // Descriptors of the process have run out: the connection is closed by libuv, the next one may fare better.
    server.on("error", () => this.#refused++);
  }

  /** @throws `system` (`CTR_PORT_IN_USE`) with Docker's text when the port is taken */
  static async start({ listen, target }: ProxySpecification, budget: Budget): Promise<TcpProxy> {
    const fd = bindProxySocket("tcp", listen);
    const server = createServer(OPTIONS);
    try {
      server.listen({ fd, backlog: BACKLOG });
      await once(server, "listening");
    } catch (error) {
      server.close();
      throw bindFailed({ protocol: "tcp", hostIp: listen.address, port: listen.port }, codeOf(error) ?? "");
    }
    return new TcpProxy(server, target, budget);
  }

  retarget(target: SocketAddress): void {
    this.#target = target;
  }

  counters(): ProxyCounters {
    let [received, sent] = [this.#received, this.#sent];
    for (const { client } of this.#connections) {
      received += client.bytesRead;
      sent += client.bytesWritten;
    }
    const [total, failed, refused] = [this.#total, this.#failed, this.#refused];
    return { open: this.#connections.size, total, failed, refused, received, sent };
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const { client, container } of this.#connections) {
      client.resetAndDestroy();
      container.resetAndDestroy();
    }
    await closed;
  }

  #accept(client: Socket): void {
    if (!this.#budget.take(FILES)) {
      this.#refused++;
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    this.#total++;
    const { address: host, port } = this.#target;
    const container = connect({ ...OPTIONS, host, port });
    const connection = { client, container };
    this.#connections.add(connection);
    container.once("connectionAttemptFailed", () => this.#failed++);
    relay(client, container, () => this.#forget(connection));
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#budget.giveBack(FILES);
    this.#received += connection.client.bytesRead;
    this.#sent += connection.client.bytesWritten;
  }
}

/**
 * `pipe` stops reading from one end while the other does not take more, and passes the end of each direction on by itself.
 * @param onClosed both are closed
 */
function relay(client: Socket, container: Socket, onClosed: () => void): void {
  let open = 2;
  for (const [socket, other] of [
    [client, container],
    [container, client],
  ] as const) {
    // What broke off must not look like what ended well: the other end gets a reset, too.
    socket.on("error", () => other.resetAndDestroy());
    socket.once("close", () => {
      if (--open === 0) onClosed();
      else if (!socket.readableEnded || !socket.writableFinished) other.resetAndDestroy();
    });
    socket.pipe(other);
  }
}
