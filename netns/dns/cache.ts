/** Answers of other servers, for as long as those allow. Bounded in bytes: the oldest go first. */
import { Flag } from "./wire/constants.ts";
import { lifetimeOf } from "./wire/message.ts";
import type { Query } from "./wire/query.ts";

const MAX_BYTES = 4 << 20;
/** Longer answers are rare, and would push out many others. */
const MAX_ENTRY = 4_096;
/** What an entry takes besides its message, roughly. */
const OVERHEAD = 300;
/** Seconds: an operator who has changed a record waits no longer than this. */
const MAX_TTL = 3_600;

interface Entry {
  readonly message: Buffer;
  readonly ttlOffsets: readonly number[];
  /** Milliseconds of the clock that is passed in. */
  readonly stored: number;
  readonly expires: number;
  readonly server: string;
}

export interface Cached {
  /** With the number and the letters of the query, and the times that are left. */
  readonly message: Buffer;
  /** Who gave it. */
  readonly server: string;
}

export class Cache {
  /** In the order of use. */
  readonly #entries = new Map<string, Entry>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param now milliseconds of a monotonic clock */
  get(key: string, query: Query, now: number): Cached | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#forget(key, entry);
    if (entry.expires <= now) return undefined;
    this.#remember(key, entry);
    return { message: aged(entry, query, now), server: entry.server };
  }

  put(key: string, message: Buffer, server: string, now: number): void {
    if (message.length > MAX_ENTRY) return;
    const lifetime = lifetimeOf(message);
    if (lifetime === undefined || lifetime.ttl === 0) return;
    const expires = now + Math.min(lifetime.ttl, MAX_TTL) * 1000;
    const former = this.#entries.get(key);
    if (former !== undefined) this.#forget(key, former);
    // A copy: the message may be a small part of a large piece of memory.
    this.#remember(key, { message: Buffer.from(message), ttlOffsets: lifetime.offsets, stored: now, expires, server });
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#forget(oldest, entry);
    }
  }

  /** Drops the answers that were given for a scope, see {@link cacheKey}. */
  forgetScope(scope: string): void {
    for (const [key, entry] of this.#entries) if (key.startsWith(`${scope}\n`)) this.#forget(key, entry);
  }

  #remember(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += sizeOf(key, entry);
  }

  #forget(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, entry);
  }
}

const sizeOf = (key: string, { message }: Entry): number => OVERHEAD + key.length + message.length;

/**
 * Two questions with one key get the same answer.
 * @param scope who is asked from where
 * @returns undefined when the answer may be meant for this client alone
 */
export function cacheKey(scope: string, { flags, key, type, class: queryClass, edns }: Query): string | undefined {
  if (edns?.hasOptions) return undefined;
  const wanted = flags & (Flag.recursionDesired | Flag.authenticData | Flag.checkingDisabled);
  const extension = edns === undefined ? "-" : edns.dnssec ? "d" : "e";
  return `${scope}\n${type} ${queryClass} ${wanted} ${extension}${key}`;
}

function aged({ message, ttlOffsets, stored }: Entry, query: Query, now: number): Buffer {
  const copy = Buffer.from(message);
  copyIdentity(copy, query);
  const seconds = Math.floor((now - stored) / 1000);
  for (const offset of ttlOffsets) copy.writeUInt32BE(Math.max(0, copy.readUInt32BE(offset) - seconds), offset);
  return copy;
}

/** Gives an answer the number of the query, and the letters of its question as the client wrote them. */
export function copyIdentity(answer: Buffer, { message, questionEnd }: Query): void {
  message.copy(answer, 0, 0, 2);
  if (answer.readUInt16BE(4) > 0) message.copy(answer, 12, 12, questionEnd);
}
