/** Reading queries. Nothing here throws: what a program in a container sends may be anything. */
import { Flag, HEADER_LENGTH, PLAIN_UDP_SIZE, Rcode, Type } from "./constants.ts";
import { endOfPlainName, keyAt, skipName } from "./name.ts";

export interface Edns {
  /** Bytes that the client takes in one UDP message. */
  readonly udpSize: number;
  readonly version: number;
  /** DNSSEC OK. */
  readonly dnssec: boolean;
  /** The record carries options: the answer may then be for this client alone. */
  readonly hasOptions: boolean;
}

export interface Query {
  readonly message: Buffer;
  /** The header's second word. */
  readonly flags: number;
  /** The name that is asked for, see name.ts. */
  readonly key: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends. */
  readonly questionEnd: number;
  readonly edns: Edns | undefined;
}

/** Bytes of a record's type, class, time to live and length. */
const RECORD_FIXED = 10;
const TYPE_AND_CLASS = 4;
/** In the OPT record's time to live. */
const DNSSEC_OK = 0x8000;

/**
 * @returns the error code to answer with when it is no query that can be answered; undefined when it is not to be answered
 *   at all: too short for a header, or itself an answer
 */
export function parseQuery(message: Buffer): Query | number | undefined {
  if (message.length < HEADER_LENGTH) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & Flag.response) !== 0) return undefined;
  if ((flags & Flag.opcode) !== 0) return Rcode.notImplemented;
  if (message.readUInt16BE(4) !== 1) return Rcode.formatError;
  const nameEnd = endOfPlainName(message, HEADER_LENGTH);
  if (nameEnd === undefined || nameEnd + TYPE_AND_CLASS > message.length) return Rcode.formatError;
  const questionEnd = nameEnd + TYPE_AND_CLASS;
  const edns = findEdns(message, questionEnd);
  if (edns === "malformed") return Rcode.formatError;
  return {
    message,
    flags,
    key: keyAt(message, HEADER_LENGTH, nameEnd),
    type: message.readUInt16BE(nameEnd),
    class: message.readUInt16BE(nameEnd + 2),
    questionEnd,
    edns,
  };
}

function findEdns(message: Buffer, questionEnd: number): Edns | undefined | "malformed" {
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  let edns: Edns | undefined;
  let at = questionEnd;
  for (let index = 0; index < records; index++) {
    const fixed = skipName(message, at);
    if (fixed === undefined || fixed + RECORD_FIXED > message.length) return "malformed";
    const length = message.readUInt16BE(fixed + 8);
    const end = fixed + RECORD_FIXED + length;
    if (end > message.length) return "malformed";
    if (message.readUInt16BE(fixed) === Type.opt) {
      // One at most, and of the root.
      if (edns !== undefined || fixed !== at + 1) return "malformed";
      edns = {
        udpSize: Math.max(message.readUInt16BE(fixed + 2), PLAIN_UDP_SIZE),
        version: message[fixed + 5] ?? 0,
        dnssec: (message.readUInt16BE(fixed + 6) & DNSSEC_OK) !== 0,
        hasOptions: length > 0,
      };
    }
    at = end;
  }
  return edns;
}
