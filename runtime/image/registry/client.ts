/** The pulling half of the registry API for one repository (OCI distribution-spec, "Pull"). */
import type { IncomingMessage } from "node:http";
import { codeOf, hasCode, systemFailure } from "../../../lib/errors.ts";
import { digestOf } from "../digest.ts";
import { MANIFEST_ACCEPT } from "../manifest.ts";
import type { Reference } from "../reference.ts";
import { authorize, type Challenge, type Credentials, parseChallenge } from "./authorization.ts";
import { type Endpoint, endpointsOf } from "./endpoint.ts";
import { registryError } from "./failures.ts";
import { bodyOf, Transport } from "./transport.ts";

export interface ClientOptions {
  readonly insecureRegistries: readonly string[];
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedManifest {
  readonly json: string;
  readonly mediaType: string;
  readonly digest: string;
}

export class RegistryClient implements Disposable {
  readonly #base: string;
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #path: string;
  #authorization: string | undefined;

  private constructor(base: string, transport: Transport, reference: Reference, options: ClientOptions) {
    this.#base = base;
    this.#transport = transport;
    this.#path = reference.path;
    this.#options = options;
  }

  /**
   * Asks the registry of a reference whether it is there, and how it wants to be asked.
   * @throws `system` with Docker's text when it does not answer
   */
  static async connect(reference: Reference, options: ClientOptions): Promise<RegistryClient> {
    const [first, ...others] = endpointsOf(reference.domain, options.insecureRegistries);
    let failure: unknown;
    for (const endpoint of [first, ...others]) {
      try {
        return await RegistryClient.#connectTo(endpoint, reference, options);
      } catch (error) {
        failure ??= error;
        options.signal?.throwIfAborted();
        // Nobody listens there: asking in another protocol is of no use.
        if (!speaksOtherProtocol(error)) break;
      }
    }
    throw failure;
  }

  static async #connectTo(endpoint: Endpoint, reference: Reference, options: ClientOptions): Promise<RegistryClient> {
    using undo = new DisposableStack();
    const transport = undo.use(new Transport({ insecure: endpoint.insecure }));
    const client = new RegistryClient(endpoint.base, transport, reference, options);
    await client.#ping();
    undo.move();
    return client;
  }

  /**
   * @param name tag or digest
   * @throws {RegistryError} when the registry refuses; `system` when the content does not match a digest
   */
  async manifest(name: string): Promise<FetchedManifest> {
    const response = await this.#get(`manifests/${name}`, { accept: MANIFEST_ACCEPT.join(", ") });
    const bytes = await bodyOf(response);
    const digest = digestOf(bytes);
    if (name.includes(":") && name !== digest) throw verificationFailure("manifest", name);
    return { json: bytes.toString(), mediaType: response.headers["content-type"] ?? "", digest };
  }

  /** A small blob. @throws as {@link manifest} */
  async blob(digest: string): Promise<Buffer> {
    const bytes = await bodyOf(await this.#get(`blobs/${digest}`));
    if (digestOf(bytes) !== digest) throw verificationFailure("image config", digest);
    return bytes;
  }

  /**
   * The content of a blob as it comes; not verified.
   * @param offset first byte; the registry may answer with the whole (status 200 instead of 206)
   */
  openBlob(digest: string, offset: number): Promise<IncomingMessage> {
    return this.#get(`blobs/${digest}`, offset === 0 ? {} : { range: `bytes=${offset}-` });
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  /** Learns how the registry wants to be asked: 200, or 401 with a challenge. */
  async #ping(): Promise<void> {
    const url = `${this.#base}/v2/`;
    const response = await this.#transport.get({ url, signal: this.#options.signal });
    const body = (await bodyOf(response)).toString();
    if (response.statusCode === 401) await this.#answer(challengeOf(response));
    else if (response.statusCode !== 200) throw registryError(response.statusCode ?? 0, body, url);
  }

  async #get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    const url = `${this.#base}/v2/${this.#path}/${path}`;
    let response = await this.#send(url, headers);
    if (response.statusCode === 401) {
      // The token may have expired meanwhile, or another scope is wanted.
      const challenge = challengeOf(response);
      if (await this.#answer(challenge)) {
        response.resume();
        response = await this.#send(url, headers);
      }
    }
    if (response.statusCode === 200 || response.statusCode === 206) return response;
    const insufficient = challengeOf(response).parameters["error"] === "insufficient_scope";
    throw registryError(response.statusCode ?? 0, (await bodyOf(response)).toString(), url, insufficient);
  }

  #send(url: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const authorization = this.#authorization === undefined ? {} : { authorization: this.#authorization };
    return this.#transport.get({ url, headers: { ...headers, ...authorization }, signal: this.#options.signal });
  }

  /** @returns whether there is something new to ask with */
  async #answer(challenge: Challenge): Promise<boolean> {
    const scope = `repository:${this.#path}:pull`;
    const { credentials, signal } = this.#options;
    const authorization = await authorize(challenge, this.#transport, { credentials, scope }, signal);
    const changed = authorization !== undefined && authorization !== this.#authorization;
    this.#authorization = authorization ?? this.#authorization;
    return changed;
  }
}

const challengeOf = (response: IncomingMessage): Challenge =>
  parseChallenge(response.headers["www-authenticate"] ?? "");

/** A TLS server answers a plain request with status 400 or hangs up. */
function speaksOtherProtocol(error: unknown): boolean {
  if (error instanceof Error && "status" in error && error.status === 400) return true;
  const cause = error instanceof Error ? error.cause : undefined;
  return hasCode(cause, "ECONNRESET") || codeOf(cause)?.startsWith("HPE_") === true;
}

const verificationFailure = (what: string, digest: string): Error =>
  systemFailure(`${what} verification failed for digest ${digest}`, "CTR_DIGEST_MISMATCH");
