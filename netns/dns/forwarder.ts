/** Names that no network of ours knows: asked of other servers, with a memory, and with limits. */
import { Cache, cacheKey, copyIdentity } from "./cache.ts";
import { type InquiryResult, inquire } from "./inquiry.ts";
import type { NameSource } from "./types.ts";
import type { Upstream } from "./upstream.ts";
import { PLAIN_UDP_SIZE, Rcode } from "./wire/constants.ts";
import type { Query } from "./wire/query.ts";
import { reply, truncatedReply } from "./wire/reply.ts";

/** Questions of one sandbox that are under way, as in Docker. A program that floods gets REFUSED, others go on. */
const MAX_OF_SANDBOX = 1_024;
const MAX_OF_ALL = 16_384;

export interface ForwardFigures {
  forwarded: number;
  fromCache: number;
  refused: number;
}

export interface Resolved {
  readonly message: Buffer;
  readonly source: NameSource;
}

/** Where the questions of one sandbox go. */
export interface Route {
  /** Routes of one scope get the same answers. */
  readonly scope: string;
  readonly from: "host" | "container";
  /** The preferred one first. */
  readonly upstreams: readonly Upstream[];
  /** Why there are none. */
  readonly reason: string;
  /** Questions under way. */
  pending: number;
}

export class Forwarder {
  readonly figures: ForwardFigures = { forwarded: 0, fromCache: 0, refused: 0 };
  readonly #cache = new Cache();
  /** The same question of several clients at one time is asked once. */
  readonly #underWay = new Map<string, Promise<InquiryResult | undefined>>();
  #pending = 0;

  /** Answers from memory, or asks. Always with something: SERVFAIL when nobody answered. */
  resolve(route: Route, query: Query, overUdp: boolean): Resolved | Promise<Resolved> {
    const { upstreams, from, reason } = route;
    if (upstreams.length === 0) return failed(query, overUdp, reason);
    const key = cacheKey(route.scope, query);
    const cached = key === undefined ? undefined : this.#cache.get(key, query, performance.now());
    if (cached !== undefined) {
      this.figures.fromCache++;
      return {
        message: fitting(cached.message, query, overUdp),
        source: { kind: "cache", server: cached.server, from },
      };
    }
    if (route.pending >= MAX_OF_SANDBOX || this.#pending >= MAX_OF_ALL) {
      this.figures.refused++;
      const message = reply(query, Rcode.refused, overUdp);
      return { message, source: { kind: "none", reason: "too many questions are under way" } };
    }
    this.figures.forwarded++;
    return this.#ask(route, query, overUdp, key);
  }

  forgetScope(scope: string): void {
    this.#cache.forgetScope(scope);
  }

  async #ask(route: Route, query: Query, overUdp: boolean, key: string | undefined): Promise<Resolved> {
    this.#pending++;
    route.pending++;
    const result = await this.#inquireOnce(route, query, overUdp, key).finally(() => {
      this.#pending--;
      route.pending--;
    });
    if (result === undefined) return failed(query, overUdp, "none of its servers answered");
    // Others may wait for the same answer, with numbers of their own.
    const message = Buffer.from(result.message);
    copyIdentity(message, query);
    return {
      message: fitting(message, query, overUdp),
      source: { kind: "server", server: result.server, from: route.from },
    };
  }

  #inquireOnce(
    route: Route,
    query: Query,
    overUdp: boolean,
    key: string | undefined,
  ): Promise<InquiryResult | undefined> {
    if (key === undefined) return inquire(route.upstreams, query, overUdp);
    // A client with room for more gets more from the server.
    const size = overUdp ? (query.edns?.udpSize ?? PLAIN_UDP_SIZE) : "tcp";
    const together = `${size} ${key}`;
    const other = this.#underWay.get(together);
    if (other !== undefined) return other;
    const asking = inquire(route.upstreams, query, overUdp).then((result) => {
      this.#underWay.delete(together);
      if (result !== undefined) this.#cache.put(key, result.message, result.server, performance.now());
      return result;
    });
    this.#underWay.set(together, asking);
    return asking;
  }
}

function failed(query: Query, overUdp: boolean, reason: string): Resolved {
  return { message: reply(query, Rcode.serverFailure, overUdp), source: { kind: "none", reason } };
}

/** For a client over UDP that takes less than the answer has: it asks again over TCP. */
function fitting(message: Buffer, query: Query, overUdp: boolean): Buffer {
  const limit = query.edns?.udpSize ?? PLAIN_UDP_SIZE;
  return overUdp && message.length > limit ? truncatedReply(query, message) : message;
}
