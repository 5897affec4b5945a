/** Reading answers of other servers: how long they may be kept, and what they say. Nothing here throws. */
import { addressText } from "./address.ts";
import { Flag, HEADER_LENGTH, Rcode, Type, typeName } from "./constants.ts";
import { endOfPlainName, readName, skipName } from "./name.ts";
import type { Query } from "./query.ts";

/** One record: where it stands in its message. */
interface RecordAt {
  readonly name: number;
  readonly type: number;
  readonly class: number;
  /** Offset of the time to live. */
  readonly ttl: number;
  /** Offset of the data. */
  readonly data: number;
  readonly end: number;
}

interface Sections {
  readonly answers: readonly RecordAt[];
  readonly authority: readonly RecordAt[];
  readonly additional: readonly RecordAt[];
}

const TYPE_AND_CLASS = 4;
const RECORD_FIXED = 10;

/** True when `message` answers the question of `query`, the letters' case aside. The number is not looked at. */
export function answersQuery(message: Buffer, query: Query): boolean {
  if (message.length < HEADER_LENGTH || (message.readUInt16BE(2) & Flag.response) === 0) return false;
  // A server that could not read the question may leave it out.
  if (message.readUInt16BE(4) === 0) return rcodeOf(message) !== Rcode.noError && rcodeOf(message) !== Rcode.nameError;
  const nameEnd = endOfPlainName(message, HEADER_LENGTH);
  if (nameEnd === undefined || nameEnd + TYPE_AND_CLASS !== query.questionEnd) return false;
  if (message.length < query.questionEnd) return false;
  const nameLength = nameEnd - HEADER_LENGTH;
  return (
    message.readUInt16BE(nameEnd) === query.type &&
    message.readUInt16BE(nameEnd + 2) === query.class &&
    sameName(message, query.message, nameLength)
  );
}

function sameName(one: Buffer, other: Buffer, length: number): boolean {
  for (let at = HEADER_LENGTH; at < HEADER_LENGTH + length; at++) {
    if (lower(one[at] as number) !== lower(other[at] as number)) return false;
  }
  return true;
}

const lower = (byte: number): number => (byte >= 65 && byte <= 90 ? byte + 32 : byte);

export const rcodeOf = (message: Buffer): number => message.readUInt16BE(2) & Flag.rcode;
export const isTruncated = (message: Buffer): boolean => (message.readUInt16BE(2) & Flag.truncated) !== 0;

export interface Lifetime {
  /** Seconds. */
  readonly ttl: number;
  /** Offsets of the times to live, which count down while the message is kept. */
  readonly offsets: readonly number[];
}

/**
 * How long an answer may be kept: the shortest of its records; of one that says that there is nothing, what the zone's SOA
 * record allows (RFC 2308 section 5).
 * @returns undefined when it may not be kept or is faulty
 */
export function lifetimeOf(message: Buffer): Lifetime | undefined {
  const rcode = rcodeOf(message);
  if (isTruncated(message) || (rcode !== Rcode.noError && rcode !== Rcode.nameError)) return undefined;
  const sections = readSections(message);
  if (sections === undefined) return undefined;
  const { answers, authority, additional } = sections;
  const records = [...answers, ...authority, ...additional].filter(({ type }) => type !== Type.opt);
  const isNegative = answers.every(({ type }) => type === Type.cname) || rcode === Rcode.nameError;
  const soa = authority.find(({ type }) => type === Type.soa);
  if (isNegative && soa === undefined) return undefined;
  const times = records.map(({ ttl }) => timeToLive(message, ttl));
  // The last of the five numbers at the end of the data.
  if (isNegative && soa !== undefined && soa.end - soa.data >= 20) times.push(timeToLive(message, soa.end - 4));
  return { ttl: Math.min(...times), offsets: records.map(({ ttl }) => ttl) };
}

/** RFC 2181 section 8: numbers with the upper bit count as zero. */
function timeToLive(message: Buffer, offset: number): number {
  const seconds = message.readUInt32BE(offset);
  return seconds > 0x7fffffff ? 0 : seconds;
}

/** The records of the answer section as text. Empty when the message is faulty. */
export function answerTexts(message: Buffer): string[] {
  return (readSections(message)?.answers ?? []).map((record) => textOf(message, record));
}

function textOf(message: Buffer, { type, data, end }: RecordAt): string {
  const bytes = message.subarray(data, end);
  const unknown = `${typeName(type)} \\# ${bytes.length} ${bytes.toString("hex")}`;
  const name = (offset: number): string | undefined => {
    const text = offset < end ? readName(message, offset) : undefined;
    return text === undefined || text === "." ? text : `${text}.`;
  };
  if (type === Type.a && bytes.length === 4) return addressText(bytes);
  if (type === Type.aaaa && bytes.length === 16) return addressText(bytes);
  if (type === Type.cname || type === Type.ptr || type === Type.ns) return name(data) ?? unknown;
  if (type === Type.mx && bytes.length > 2) return withNumbers(bytes, 1, name(data + 2)) ?? unknown;
  if (type === Type.srv && bytes.length > 6) return withNumbers(bytes, 3, name(data + 6)) ?? unknown;
  return type === Type.txt ? (quotedStrings(bytes) ?? unknown) : unknown;
}

function withNumbers(bytes: Buffer, count: number, name: string | undefined): string | undefined {
  const numbers = Array.from({ length: count }, (_, index) => bytes.readUInt16BE(index * 2));
  return name === undefined ? undefined : [...numbers, name].join(" ");
}

function quotedStrings(bytes: Buffer): string | undefined {
  const strings: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + (bytes[at] ?? 0);
    if (end > bytes.length) return undefined;
    strings.push(JSON.stringify(bytes.toString("latin1", at + 1, end)));
    at = end;
  }
  return strings.join(" ");
}

/** @returns undefined when the message ends too early or is not made of records */
function readSections(message: Buffer): Sections | undefined {
  let at = HEADER_LENGTH;
  for (let count = message.readUInt16BE(4); count > 0; count--) {
    const end = skipName(message, at);
    if (end === undefined || end + TYPE_AND_CLASS > message.length) return undefined;
    at = end + TYPE_AND_CLASS;
  }
  const sections = [6, 8, 10].map((offset) => {
    const records = readRecords(message, at, message.readUInt16BE(offset));
    at = records?.at(-1)?.end ?? at;
    return records;
  });
  const [answers, authority, additional] = sections;
  if (answers === undefined || authority === undefined || additional === undefined) return undefined;
  return { answers, authority, additional };
}

function readRecords(message: Buffer, offset: number, count: number): RecordAt[] | undefined {
  const records: RecordAt[] = [];
  let at = offset;
  while (records.length < count) {
    const fixed = skipName(message, at);
    if (fixed === undefined || fixed + RECORD_FIXED > message.length) return undefined;
    const data = fixed + RECORD_FIXED;
    const end = data + message.readUInt16BE(fixed + 8);
    if (end > message.length) return undefined;
    const type = message.readUInt16BE(fixed);
    records.push({ name: at, type, class: message.readUInt16BE(fixed + 2), ttl: fixed + 4, data, end });
    at = end;
  }
  return records;
}
