/** The decision on one message: what is answered from the names that are known here, and what is asked for elsewhere. */
import type { Found, View } from "./view.ts";
import { BADVERS, CLASS_IN, Rcode, Type } from "./wire/constants.ts";
import { parseQuery, type Query } from "./wire/query.ts";
import { errorReply, type Records, reply } from "./wire/reply.ts";

export type Outcome =
  | {
      readonly kind: "reply";
      readonly message: Buffer;
      /** The network that the answer is from; undefined when the name is not known, or the message is faulty. */
      readonly source?: Found;
    }
  | { readonly kind: "forward"; readonly query: Query }
  /** Not to be answered: two servers could otherwise send each other errors for ever. */
  | { readonly kind: "drop" };

export interface AnswerOptions {
  readonly overUdp: boolean;
  /** Seconds, of records of containers. */
  readonly ttl: number;
}

const DROP: Outcome = { kind: "drop" };

/** @param message as it came from the client, anything at all */
export function answer(message: Buffer, view: View, options: AnswerOptions): Outcome {
  const query = parseQuery(message);
  if (query === undefined) return DROP;
  if (typeof query === "number") return { kind: "reply", message: errorReply(message, query) };
  if (query.edns !== undefined && query.edns.version !== 0) {
    return { kind: "reply", message: reply(query, BADVERS, options.overUdp) };
  }
  const found = query.class === CLASS_IN ? view.find(query.key) : undefined;
  return found === undefined ? { kind: "forward", query } : answerKnown(query, found, options);
}

/**
 * The first network that has an address of the type answers. A container that runs has no other records: the answer is
 * then empty, which makes clients that ask for IPv6 first take IPv4. Of stopped containers alone there is none.
 */
function answerKnown(query: Query, found: readonly Found[], { overUdp, ttl }: AnswerOptions): Outcome {
  let running: Found | undefined;
  for (const source of found) {
    const { entry } = source;
    if (!entry.running) continue;
    running ??= source;
    const data = dataOf(source, query.type);
    if (data.length === 0) continue;
    const records: Records = { type: query.type, ttl, data };
    // Each address comes first in its turn.
    const first = entry.turn;
    entry.turn = (first + 1) % data.length;
    return { kind: "reply", message: reply(query, Rcode.noError, overUdp, records, first % data.length), source };
  }
  const rcode = running === undefined ? Rcode.nameError : Rcode.noError;
  const message = reply(query, rcode, overUdp);
  return running === undefined ? { kind: "reply", message } : { kind: "reply", message, source: running };
}

const NONE: readonly Uint8Array[] = [];

function dataOf({ entry }: Found, type: number): readonly Uint8Array[] {
  if (type === Type.a) return entry.ipv4;
  if (type === Type.aaaa) return entry.ipv6;
  return type === Type.ptr ? entry.pointers : NONE;
}
