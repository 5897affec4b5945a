/** One request and its answer, as handlers see them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import { invalid, toCtrError } from "../../lib/errors.ts";
import { readJson } from "./body.ts";
import { type HijackedConnection, takeConnection, type Upgrade } from "./hijack.ts";
import { ResponseSink } from "./sink.ts";

/** Parameters of the route's path, by name. */
export type PathParameters = Readonly<Record<string, string>>;

export interface ExchangeParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Minor number of the API version, 24 … 51. */
  readonly version: number;
  readonly parameters: PathParameters;
  readonly query: URLSearchParams;
  readonly upgrade?: Upgrade | undefined;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly version: number;
  readonly query: URLSearchParams;
  readonly #parameters: PathParameters;
  readonly #upgrade: Upgrade | undefined;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
  #signal: AbortSignal | undefined;

  constructor({ request, response, version, parameters, query, upgrade, closing }: ExchangeParts) {
    this.request = request;
    this.response = response;
    this.version = version;
    this.query = query;
    this.#parameters = parameters;
    this.#upgrade = upgrade;
    this.closing = closing;
  }

  /** Aborted when the client goes away, or the server closes, before the answer is complete. */
  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([this.closing, this.#clientGone()]);
    return this.#signal;
  }

  #clientGone(): AbortSignal {
    const aborter = new AbortController();
    this.response.once("close", () => {
      if (!this.response.writableFinished) aborter.abort();
    });
    if (this.response.destroyed) aborter.abort();
    return aborter.signal;
  }

  /** A parameter of the path. */
  parameter(name: string): string {
    const value = this.#parameters[name];
    if (value === undefined) throw new TypeError(`the route has no parameter ${name}`);
    return value;
  }

  /** A query value; undefined when it is absent or empty, which Docker does not tell apart. */
  text(name: string): string | undefined {
    return this.query.get(name) || undefined;
  }

  /** A boolean query value by Docker's rule: everything is true but `""`, `0`, `no`, `false` and `none`. */
  flag(name: string, fallback = false): boolean {
    const value = this.query.get(name);
    if (value === null) return fallback;
    return !["", "0", "no", "false", "none"].includes(value.trim().toLowerCase());
  }

  /**
   * A whole number of the query.
   * @throws `invalid` with the text of Go's strconv, which Docker passes on
   */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^[+-]?\d+$/.test(value)) {
      throw invalid(`strconv.Atoi: parsing "${value}": invalid syntax`, "CTR_API_QUERY_INVALID");
    }
    return Number(value);
  }

  /** The JSON body; undefined when it is empty. See {@link readJson} for the errors. */
  body(): Promise<unknown> {
    return readJson(this.request);
  }

  /** Answers with a JSON value. */
  json(status: number, value: unknown): void {
    const content = Buffer.from(`${JSON.stringify(value)}\n`);
    this.response.writeHead(status, { "Content-Type": "application/json", "Content-Length": content.length });
    this.response.end(content);
  }

  /** Answers without a body: 204, 304, or 200 and 201 where Docker sends none. */
  empty(status: 200 | 201 | 204 | 304): void {
    this.response.writeHead(status, status < 204 ? { "Content-Length": 0 } : {});
    this.response.end();
  }

  /** Sends the client to another path, for good. */
  redirect(location: string): void {
    this.response.writeHead(301, { Location: location, "Content-Length": 0 });
    this.response.end();
  }

  /**
   * Answers with an error: the status by its kind, the text as `{"message": …}`. The way out, where there is one, stands
   * beside it as `hint`: Docker's clients match on the message alone.
   */
  fail(error: unknown): void {
    const { status, message, hint } = toCtrError(error);
    if (status === 304) {
      this.empty(304);
      return;
    }
    this.json(status, { message, hint });
  }

  /** Starts an answer that is written piece by piece; the headers go out at once. */
  stream(contentType: string): ResponseSink {
    this.response.writeHead(200, { "Content-Type": contentType });
    this.response.flushHeaders();
    return new ResponseSink(this.response);
  }

  /**
   * Takes the connection out of HTTP, see {@link takeConnection}. A body that was not read is thrown away first: some
   * clients send their query as JSON again.
   */
  async hijack(contentType: string): Promise<HijackedConnection> {
    if (!this.request.readableEnded) {
      this.request.resume();
      await finished(this.request);
    }
    return takeConnection(this.request, this.response, this.#upgrade, contentType);
  }
}
