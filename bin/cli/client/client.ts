/**
 * The client of the Engine API. Paths carry no version: the engine answers with its newest. Error statuses become
 * {@link EngineError}; where nothing listens, `unreachable` decides whether it can be helped.
 */
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { hasCode } from "../../../lib/errors.ts";
import { EngineError } from "../errors.ts";
import type { EngineAddress } from "./address.ts";
import { jsonLines, textOf } from "./body.ts";

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface RequestOptions {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is; the caller has made sure that the engine is there ({@link Client.ping}). */
  readonly upload?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export class Client {
  readonly address: EngineAddress;
  readonly #unreachable: (error: unknown) => Promise<void>;
  #agent: Agent | undefined;

  /**
   * @param unreachable called when nothing answers at the address; resolves when a second attempt makes sense, else throws
   */
  constructor(address: EngineAddress, unreachable: (error: unknown) => Promise<void>) {
    this.address = address;
    this.#unreachable = unreachable;
  }

  /** The JSON of an answer; undefined when it has no body. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const text = await textOf(await this.stream(method, path, options));
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  get<T>(path: string, query?: Query): Promise<T> {
    return this.json<T>("GET", path, query === undefined ? {} : { query });
  }

  post<T = void>(path: string, options: RequestOptions = {}): Promise<T> {
    return this.json<T>("POST", path, options);
  }

  /** The values of an answer that comes as JSON lines. */
  async *events<T>(method: string, path: string, options: RequestOptions = {}): AsyncGenerator<T> {
    yield* jsonLines<T>(await this.stream(method, path, options));
  }

  /** The answer when its status and headers are there; the body is still to be read. @throws {EngineError} */
  async stream(method: string, path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const response = await this.#withEngine(() => this.#send(method, path, options));
    return await checked(response);
  }

  /** Sends a request that takes the connection over, as attach and exec do: output comes one way, input goes the other. */
  async hijack(path: string, options: RequestOptions = {}): Promise<Socket> {
    return await this.#withEngine(() => this.#upgrade(path, options));
  }

  /** Makes sure that an engine answers. */
  async ping(): Promise<void> {
    (await this.stream("GET", "/_ping")).resume();
  }

  /** Ends idle connections, so that the process can end. */
  close(): void {
    this.#agent?.destroy();
  }

  async #withEngine<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof EngineError || !hasCode(error, ...UNREACHABLE)) throw error;
      await this.#unreachable(error);
      return await attempt();
    }
  }

  #request(method: string, path: string, options: RequestOptions, headers: Record<string, string>): ClientRequest {
    // Not at the top: commands that talk to nobody (`--help`) start faster without it. And not by `import`, which reads
    // every export of the module: that loads its WebSocket, and undici with it, for 20 ms.
    const { Agent, request } = process.getBuiltinModule("node:http");
    this.#agent ??= new Agent({ keepAlive: true });
    const { query, body, signal } = options;
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return request({
      agent: this.#agent,
      ...NO_SERVER_NAME,
      ...(this.address.kind === "unix"
        ? { socketPath: this.address.path }
        : { host: this.address.host, port: this.address.port }),
      method,
      path: path + queryString(query),
      headers: {
        Host: "ctr",
        "User-Agent": "ctr-client",
        ...(content === undefined ? {} : { "Content-Type": "application/json", "Content-Length": content.length }),
        ...headers,
        ...options.headers,
      },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #send(method: string, path: string, options: RequestOptions): Promise<IncomingMessage> {
    const noBody: Record<string, string> =
      method === "POST" && options.body === undefined && options.upload === undefined ? { "Content-Length": "0" } : {};
    const request = this.#request(method, path, options, noBody);
    return await new Promise((resolve, reject) => {
      request.on("response", resolve);
      request.on("error", reject);
      if (options.upload === undefined) request.end(bodyOf(options));
      else {
        options.upload.on("error", (error) => request.destroy(error));
        options.upload.pipe(request);
      }
    });
  }

  async #upgrade(path: string, options: RequestOptions): Promise<Socket> {
    const request = this.#request("POST", path, options, {
      Connection: "Upgrade",
      Upgrade: "tcp",
      ...(options.body === undefined ? { "Content-Length": "0" } : {}),
    });
    return await new Promise((resolve, reject) => {
      request.on("error", reject);
      request.on("response", (response) => {
        checked(response).then(
          () => reject(new EngineError(response.statusCode ?? 0, "the engine did not take the connection over")),
          reject,
        );
      });
      request.on("upgrade", (_, socket, head) => {
        // What the engine sent right behind its answer was read with it.
        if (head.length > 0) socket.unshift(head);
        resolve(socket as Socket);
      });
      request.end(bodyOf(options));
    });
  }
}

/** A name for TLS, which is not used: Node would derive one from `Host`, and compile its pattern of IPv6 addresses for it. */
const NO_SERVER_NAME = { servername: "" };

/** What connect(2) says when nobody listens, or listening has stopped, or one may not. */
const UNREACHABLE = [
  "ENOENT",
  "ECONNREFUSED",
  "EACCES",
  "EPERM",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "ENOTFOUND",
];

async function checked(response: IncomingMessage): Promise<IncomingMessage> {
  const status = response.statusCode ?? 0;
  if (status < 400) return response;
  const { reason, hint } = wordsOf(await textOf(response), status);
  throw new EngineError(status, reason, hint);
}

/** The engine's message and its hint; a proxy in between may answer with something else. */
function wordsOf(body: string, status: number): { readonly reason: string; readonly hint?: string } {
  try {
    const { message, hint } = JSON.parse(body) as { message?: unknown; hint?: unknown };
    if (typeof message === "string") return { reason: message, ...(typeof hint === "string" ? { hint } : {}) };
  } catch {
    // Not JSON: shown as it came.
  }
  return { reason: body.trim() || `HTTP status ${status}` };
}

const bodyOf = ({ body }: RequestOptions): string | undefined =>
  body === undefined ? undefined : JSON.stringify(body);

function queryString(query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values = typeof value === "object" ? value : [String(value)];
    return values.map((one) => `${name}=${encodeURIComponent(one)}`);
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
