/** The Engine API server: Docker's HTTP API over unix and TCP sockets. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf, toCtrError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { cleanPath } from "./clean-path.ts";
import type { ApiEngine } from "./engine-face.ts";
import { Exchange, type PathParameters } from "./exchange.ts";
import type { Upgrade } from "./hijack.ts";
import { type ListenAddress, parseListenAddress } from "./listen-address.ts";
import { listenOn } from "./listener.ts";
import { Router } from "./router.ts";
import { ROUTES } from "./routes.ts";
import { API_VERSION, splitVersion } from "./versions.ts";

/** Milliseconds that open streams get to end by themselves when the server closes. */
const CLOSE_GRACE = 2000;

export class ApiServer {
  readonly #engine: ApiEngine;
  readonly #logger: Logger;
  readonly #router = new Router(ROUTES);
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Duplex>();
  readonly #closing = new AbortController();
  readonly #commonHeaders: Map<string, string>;

  constructor(engine: ApiEngine, logger: Logger) {
    this.#engine = engine;
    this.#logger = logger;
    this.#commonHeaders = new Map([
      ["Api-Version", API_VERSION],
      ["Docker-Experimental", "false"],
      ["Ostype", "linux"],
      ["Server", `ctr/${engine.version().version} (linux)`],
    ]);
  }

  /**
   * Listens on all of these, or on none.
   * @param hosts values of `-H`, see {@link parseListenAddress}
   * @throws `invalid` for a bad address, `conflict` for one in use, `system` for what else the kernel refuses
   */
  async listen(hosts: readonly string[]): Promise<void> {
    const addresses = hosts.map(parseListenAddress);
    await using undo = new AsyncDisposableStack();
    for (const address of addresses) {
      const server = this.#createServer();
      await listenOn(server, address);
      undo.defer(() => void server.close());
      this.#servers.push(server);
      this.#announce(address);
    }
    undo.move();
  }

  /** Accepts no more, ends what streams, lets requests in work finish for a moment, then cuts the rest. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = this.#servers.splice(0).map((server) => {
      const done = once(server, "close");
      server.close();
      return done;
    });
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_GRACE);
    await Promise.all(closed);
    clearTimeout(cut);
  }

  #createServer(): Server {
    const server = createServer({
      // A Go client reuses idle connections: one that we close under its request makes the request fail.
      keepAliveTimeout: 0,
      // The root file system of an import may take any time.
      requestTimeout: 0,
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "tcp",
    });
    server.on("connection", (socket: Socket) => this.#track(socket));
    server.on("request", (request, response) => {
      response.once("finish", () => {
        if (this.#closing.signal.aborted) request.socket.end();
      });
      void this.#serve(request, response);
    });
    server.on("upgrade", (request, socket, head) => this.#serveUpgrade(request, { socket: socket as Socket, head }));
    return server;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #serveUpgrade(request: IncomingMessage, upgrade: Upgrade): void {
    const { socket } = upgrade;
    socket.on("error", () => {});
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    // Only answers that did not take the connection (errors, a detached exec) finish as HTTP.
    response.once("finish", () => {
      response.detachSocket(socket);
      socket.end();
      socket.resume();
    });
    void this.#serve(request, response, upgrade);
  }

  async #serve(request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): Promise<void> {
    response.setHeaders(this.#commonHeaders);
    const url = request.url ?? "/";
    const queryStart = url.indexOf("?");
    const query = new URLSearchParams(queryStart < 0 ? "" : url.slice(queryStart + 1));
    const exchangeFor = (version: number, parameters: PathParameters): Exchange =>
      new Exchange({ request, response, version, parameters, query, upgrade, closing: this.#closing.signal });
    let exchange = exchangeFor(0, {});
    try {
      const asked = queryStart < 0 ? url : url.slice(0, queryStart);
      const clean = cleanPath(asked);
      if (clean !== asked) return exchange.redirect(clean + url.slice(asked.length));
      if (request.method === "OPTIONS") return exchange.empty(200);
      const { version, path } = splitVersion(asked);
      const { handler, parameters } = this.#router.find(request.method ?? "GET", path);
      exchange = exchangeFor(version, parameters);
      await handler(exchange, this.#engine);
    } catch (error) {
      this.#answerFailure(exchange, error);
    }
  }

  #answerFailure(exchange: Exchange, error: unknown): void {
    const { request, response } = exchange;
    const { status, code } = toCtrError(error);
    const log = status >= 500 ? this.#logger.error : this.#logger.debug;
    log.call(this.#logger, `${request.method} ${request.url}: ${messageOf(error)}`, {
      code,
      ...(code === "CTR_INTERNAL" && error instanceof Error ? { stack: error.stack } : {}),
    });
    // A stream that has begun can only be cut.
    if (response.headersSent) response.destroy();
    else if (!response.destroyed) exchange.fail(error);
  }

  #announce(address: ListenAddress): void {
    if (address.kind === "unix") {
      this.#logger.info(`The API listens on ${address.path}.`);
      return;
    }
    this.#logger.warn(
      `The API listens on tcp://${address.host}:${address.port} without protection: whoever reaches it is root on this host.`,
    );
  }
}
