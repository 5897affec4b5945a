/** Messages for tests, made by other means than the code that is tested. */

export interface QueryParts {
  readonly id?: number;
  readonly flags?: number;
  readonly type?: number;
  readonly class?: number;
  /** Bytes that the client takes; no EDNS when undefined. */
  readonly ednsSize?: number;
  readonly ednsVersion?: number;
}

const u16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];
const u32 = (value: number): number[] => [...u16(Math.floor(value / 65_536)), ...u16(value % 65_536)];

/** `a.b` → `1 a 1 b 0`. */
export const wireName = (name: string): number[] => [
  ...name.split(".").flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]),
  0,
];

export const RECURSION_DESIRED = 0x0100;

export function queryFor(name: string, parts: QueryParts = {}): Buffer {
  const { id = 0x1234, flags = RECURSION_DESIRED, type = 1, class: queryClass = 1, ednsSize, ednsVersion = 0 } = parts;
  const edns = ednsSize === undefined ? [] : [0, ...u16(41), ...u16(ednsSize), 0, ednsVersion, 0, 0, 0, 0];
  return Buffer.from([
    ...[id, flags, 1, 0, 0, ednsSize === undefined ? 0 : 1].flatMap(u16),
    ...wireName(name),
    ...u16(type),
    ...u16(queryClass),
    ...edns,
  ]);
}

export interface RecordParts {
  /** Bytes of the name; a pointer to the question by default. */
  readonly name?: readonly number[];
  readonly type: number;
  readonly ttl: number;
  readonly data: readonly number[];
}

export interface ResponseParts {
  readonly rcode?: number;
  readonly truncated?: boolean;
  readonly answers?: readonly RecordParts[];
  readonly authority?: readonly RecordParts[];
}

/** The answer of another server to a query without EDNS. */
export function responseTo(query: Buffer, parts: ResponseParts = {}): Buffer {
  const { rcode = 0, truncated = false, answers = [], authority = [] } = parts;
  const record = ({ name = [0xc0, 12], type, ttl, data }: RecordParts): number[] => [
    ...name,
    ...u16(type),
    ...u16(1),
    ...u32(ttl),
    ...u16(data.length),
    ...data,
  ];
  const questionEnd = query.indexOf(0, 12) + 5;
  return Buffer.from([
    ...query.subarray(0, 2),
    ...u16(0x8180 | rcode | (truncated ? 0x0200 : 0)),
    ...[1, answers.length, authority.length, 0].flatMap(u16),
    ...query.subarray(12, questionEnd),
    ...answers.flatMap(record),
    ...authority.flatMap(record),
  ]);
}

export const addressRecord = (address: string, ttl = 60): RecordParts => ({
  type: 1,
  ttl,
  data: address.split(".").map(Number),
});

/** Of the zone `example`, whose last number is how long "there is nothing" may be kept. */
export const soaRecord = (ttl: number, minimum: number): RecordParts => ({
  type: 6,
  ttl,
  data: [...wireName("ns.example"), ...wireName("root.example"), ...[1, 2, 3, 4, minimum].flatMap(u32)],
});

export const header = (message: Buffer) => ({
  id: message.readUInt16BE(0),
  isResponse: (message.readUInt16BE(2) & 0x8000) !== 0,
  isTruncated: (message.readUInt16BE(2) & 0x0200) !== 0,
  rcode: message.readUInt16BE(2) & 15,
  questions: message.readUInt16BE(4),
  answers: message.readUInt16BE(6),
  authority: message.readUInt16BE(8),
  additional: message.readUInt16BE(10),
});
