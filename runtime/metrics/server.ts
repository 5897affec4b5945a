/** `GET /metrics` for Prometheus, on an address of its own: it must not need the rights that the API gives. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { conflict, hasCode, invalid, messageOf, systemFailure } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { Exposer } from "./prometheus.ts";
import type { Sampler } from "./sampler.ts";

export interface MetricsServerOptions {
  /** `127.0.0.1:9323`, `[::1]:9323`, or `:9323` for all addresses. */
  readonly address: string;
  readonly sampler: Pick<Sampler, "now">;
  readonly version: string;
  readonly logger: Logger;
}

export class MetricsServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws `invalid` for a bad address, `conflict` for one in use, `system` for what else the kernel refuses */
  static async open({ address, sampler, version, logger }: MetricsServerOptions): Promise<MetricsServer> {
    const place = parseMetricsAddress(address);
    const exposer = await Exposer.load(version);
    const server = createServer((request, response) => {
      const path = (request.url ?? "/").split("?", 1)[0];
      if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405).end();
      if (path !== "/metrics") return void response.writeHead(404).end("the metrics are at /metrics\n");
      exposer.expose(sampler.now()).then(
        ({ contentType, text }) => response.writeHead(200, { "Content-Type": contentType }).end(text),
        (error: unknown) => {
          logger.error(`Could not collect the metrics: ${messageOf(error)}`);
          response.writeHead(500).end(`${messageOf(error)}\n`);
        },
      );
    });
    await listen(server, place, address);
    logger.info(`Metrics are served on http://${address}/metrics.`);
    return new MetricsServer(server);
  }

  /** The port that it listens on, also where the kernel chose it. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** @throws `invalid` */
export function parseMetricsAddress(text: string): { readonly host?: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]*)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw invalid(`invalid metrics address: "${text}"`, {
      code: "CTR_METRICS_ADDRESS_INVALID",
      hint: "give an address and a port, such as 127.0.0.1:9323",
    });
  }
  const host = match[1] ?? match[2] ?? "";
  return host === "" ? { port } : { host, port };
}

async function listen(server: Server, place: ReturnType<typeof parseMetricsAddress>, address: string): Promise<void> {
  try {
    const listening = once(server, "listening");
    server.listen({ ...place, exclusive: true });
    await listening;
  } catch (error) {
    if (hasCode(error, "EADDRINUSE")) {
      throw conflict(`cannot serve metrics on ${address}: another program listens there`, {
        code: "CTR_METRICS_ADDRESS_IN_USE",
        hint: "choose another one with metrics-addr",
        cause: error,
      });
    }
    throw systemFailure(`cannot serve metrics on ${address}: ${messageOf(error)}`, {
      code: "CTR_METRICS_FAILED",
      cause: error,
    });
  }
}
