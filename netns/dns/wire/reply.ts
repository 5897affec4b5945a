/** Writing answers to queries: the question is copied with its letters as they came, names of answers point to it. */
import { Flag, HEADER_LENGTH, MAX_MESSAGE, PLAIN_UDP_SIZE } from "./constants.ts";
import type { Query } from "./query.ts";

/** Bytes that we take in one UDP message: fits every MTU of today without fragments. */
const OUR_UDP_SIZE = 1232;
const OPT_LENGTH = 11;
/** A pointer to the question's name, RFC 1035 section 4.1.4. */
const POINTER_TO_QUESTION = 0xc000 | HEADER_LENGTH;
/** Pointer, type, class, time to live, length. */
const RECORD_HEAD = 12;
/** Of the flags of a query, those that its answer repeats. */
const REPEATED = Flag.opcode | Flag.recursionDesired | Flag.checkingDisabled;

export interface Records {
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  /** The data of one record each. */
  readonly data: readonly Uint8Array[];
}

/**
 * @param records of the name that is asked for
 * @param first index of the record that comes first; the others follow in turn
 * @param overUdp then what does not fit the client's size is left out, and the answer marked as truncated
 */
export function reply(query: Query, rcode: number, overUdp: boolean, records?: Records, first = 0): Buffer {
  const { message, questionEnd, edns } = query;
  const limit = (overUdp ? (edns?.udpSize ?? PLAIN_UDP_SIZE) : MAX_MESSAGE) - (edns === undefined ? 0 : OPT_LENGTH);
  const data = records?.data ?? [];
  let fitting = 0;
  let end = questionEnd;
  while (fitting < data.length) {
    const length = RECORD_HEAD + (data[(first + fitting) % data.length] as Uint8Array).length;
    if (end + length > limit) break;
    end += length;
    fitting++;
  }
  const out = Buffer.allocUnsafe(end + (edns === undefined ? 0 : OPT_LENGTH));
  message.copy(out, 0, 0, questionEnd);
  const truncated = fitting < data.length ? Flag.truncated : 0;
  writeHeader(out, query.flags, rcode, truncated, { answers: fitting, additional: edns === undefined ? 0 : 1 });
  let at = questionEnd;
  for (let index = 0; index < fitting && records !== undefined; index++) {
    at = writeRecord(out, at, records, data[(first + index) % data.length] as Uint8Array);
  }
  if (edns !== undefined) writeOpt(out, at, rcode, edns.dnssec);
  return out;
}

/**
 * The answer to something that could not be read, or that we have no time for: header and error code alone.
 * @param message at least a header
 */
export function errorReply(message: Buffer, rcode: number): Buffer {
  const out = Buffer.allocUnsafe(HEADER_LENGTH);
  message.copy(out, 0, 0, HEADER_LENGTH);
  writeHeader(out, message.readUInt16BE(2), rcode, 0, { answers: 0, additional: 0 });
  out.writeUInt16BE(0, 4);
  return out;
}

/** An answer that came whole, cut down for a client that takes less: it asks again over TCP. */
export function truncatedReply(query: Query, answer: Buffer): Buffer {
  const out = reply(query, answer.readUInt16BE(2) & Flag.rcode, true);
  out.writeUInt16BE(out.readUInt16BE(2) | Flag.truncated, 2);
  return out;
}

function writeHeader(
  out: Buffer,
  flags: number,
  rcode: number,
  truncated: number,
  counts: { readonly answers: number; readonly additional: number },
): void {
  const own = Flag.response | Flag.recursionAvailable | truncated | (rcode & Flag.rcode);
  out.writeUInt16BE((flags & REPEATED) | own, 2);
  out.writeUInt16BE(1, 4);
  out.writeUInt16BE(counts.answers, 6);
  out.writeUInt16BE(0, 8);
  out.writeUInt16BE(counts.additional, 10);
}

function writeRecord(out: Buffer, offset: number, { type, ttl }: Records, data: Uint8Array): number {
  out.writeUInt16BE(POINTER_TO_QUESTION, offset);
  out.writeUInt16BE(type, offset + 2);
  out.writeUInt16BE(1, offset + 4);
  out.writeUInt32BE(ttl, offset + 6);
  out.writeUInt16BE(data.length, offset + 10);
  out.set(data, offset + RECORD_HEAD);
  return offset + RECORD_HEAD + data.length;
}

/** RFC 6891 section 6.1.2. */
function writeOpt(out: Buffer, offset: number, rcode: number, dnssec: boolean): void {
  out[offset] = 0;
  out.writeUInt16BE(41, offset + 1);
  out.writeUInt16BE(OUR_UDP_SIZE, offset + 3);
  out[offset + 5] = rcode >> 4;
  out[offset + 6] = 0;
  out.writeUInt16BE(dnssec ? 0x8000 : 0, offset + 7);
  out.writeUInt16BE(0, offset + 9);
}
