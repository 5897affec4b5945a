/** Single HTTP requests to a registry: kept connections, redirects, time limits. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { hasCode, systemFailure } from "../../../lib/errors.ts";
import { connectionFailure } from "./failures.ts";

export interface Call {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly signal?: AbortSignal | undefined;
}

const MOST_REDIRECTS = 10;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Milliseconds without a byte. */
const SILENCE_LIMIT = 60_000;
const BODY_MAXIMUM = 8 * 2 ** 20;

export class Transport implements Disposable {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;

  constructor(options: { readonly insecure: boolean }) {
    this.#https = new HttpsAgent({ keepAlive: true, rejectUnauthorized: !options.insecure });
  }

  /**
   * Sends a GET and follows redirects. The credentials go to the first host only: storage services refuse foreign ones,
   * and they are none of their business.
   * @throws `system` in Go's words when no answer comes
   */
  async get({ url, headers = {}, signal }: Call): Promise<IncomingMessage> {
    let target = new URL(url);
    const { host } = target;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const { authorization, ...others } = headers as Record<string, string>;
      const own = target.host === host && authorization !== undefined ? { ...others, authorization } : others;
      const response = await this.#send(target, own, signal);
      const location = response.headers.location;
      if (location === undefined || !REDIRECTS.includes(response.statusCode ?? 0)) return response;
      response.resume();
      target = new URL(location, target);
    }
    throw systemFailure(`Get "${url}": stopped after ${MOST_REDIRECTS} redirects`, "CTR_REGISTRY_FAILED");
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #send(url: URL, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === "https:";
      const options = { headers, timeout: SILENCE_LIMIT, ...(signal === undefined ? {} : { signal }) };
      const call = secure
        ? httpsRequest(url, { ...options, agent: this.#https }, resolve)
        : httpRequest(url, { ...options, agent: this.#http }, resolve);
      call.on("timeout", () => call.destroy(Object.assign(new Error("i/o timeout"), { code: "CTR_SILENCE" })));
      call.on("error", (error) => {
        if (signal?.aborted === true) reject(signal.reason);
        // The server closed the kept connection just as we used it again.
        else if (call.reusedSocket && hasCode(error, "ECONNRESET")) resolve(this.#send(url, headers, signal));
        else reject(connectionFailure(error, "GET", url.href));
      });
      call.end();
    });
  }
}

/** The whole body of a small answer. @throws `system` when it is longer than any manifest or configuration may be */
export async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MAXIMUM) {
      throw systemFailure(`the registry's answer is longer than ${BODY_MAXIMUM} bytes`, "CTR_REGISTRY_FAILED");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
