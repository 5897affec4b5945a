/** Numbers of the DNS protocol: RFC 1035, EDNS RFC 6891. */

export const HEADER_LENGTH = 12;
/** Of messages over UDP, for clients without EDNS. */
export const PLAIN_UDP_SIZE = 512;
export const MAX_MESSAGE = 65_535;
export const CLASS_IN = 1;

/** Bits of the second header word. */
export const Flag = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
  rcode: 0x000f,
} as const;

export const Rcode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;
/** Extended, its upper bits stand in the OPT record. */
export const BADVERS = 16;

const RCODE_NAMES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
export const rcodeName = (rcode: number): string => RCODE_NAMES[rcode] ?? `RCODE${rcode}`;

export const Type = { a: 1, ns: 2, cname: 5, soa: 6, ptr: 12, mx: 15, txt: 16, aaaa: 28, srv: 33, opt: 41 } as const;

const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DS: 43,
  RRSIG: 46,
  DNSKEY: 48,
  SVCB: 64,
  HTTPS: 65,
  ANY: 255,
  CAA: 257,
};

/** @param text `AAAA`, `aaaa`, `TYPE28` or `28` @returns undefined when it is none */
export function typeNumber(text: string): number | undefined {
  const upper = text.toUpperCase();
  const [, digits] = /^(?:TYPE)?(\d{1,5})$/.exec(upper) ?? [];
  const number = digits === undefined ? TYPE_NUMBERS[upper] : Number(digits);
  return number !== undefined && number <= 0xffff ? number : undefined;
}

export const typeName = (type: number): string =>
  Object.entries(TYPE_NUMBERS).find(([, number]) => number === type)?.[0] ?? `TYPE${type}`;
