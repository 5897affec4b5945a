/**
 * Tar headers: ustar, old GNU and pax, see tar(5) of FreeBSD and pax of POSIX.1-2008.
 *
 * An own decoder, because tar-stream turns extended header values into UTF-8 and so destroys binary ones: the
 * `security.capability` of `newuidmap` would be lost. File names are bytes, too: here a name is a string with one
 * character a byte (latin1).
 */
import { invalid } from "../../../lib/errors.ts";

export const BLOCK = 512;

export type TarType = "file" | "link" | "symlink" | "character" | "block" | "directory" | "fifo";

export interface TarEntry {
  /** As it is in the archive, one character a byte. */
  readonly name: string;
  readonly type: TarType;
  /** Target of links. */
  readonly linkName: string;
  /** Permission bits with set-user-ID, set-group-ID and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 for all but files. */
  readonly size: number;
  /** Seconds since 1970, with fraction. */
  readonly modified: number;
  readonly major: number;
  readonly minor: number;
  readonly attributes: ReadonlyMap<string, Buffer>;
}

/** What one block of 512 bytes turned out to be. */
export type TarBlock =
  | { readonly kind: "zero" }
  /** Its body of `size` bytes is to be given to {@link TarHeaders.extend}. */
  | { readonly kind: "extension"; readonly flag: string; readonly size: number }
  | { readonly kind: "entry"; readonly entry: TarEntry };

const TYPES: Readonly<Record<string, TarType>> = {
  "\0": "file",
  "0": "file",
  "1": "link",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  "7": "file",
};
/** pax local and global, GNU long link name and long name. */
const EXTENSIONS = "xgKL";
const EXTENSION_MAXIMUM = 16 * 2 ** 20;
const ATTRIBUTE = "SCHILY.xattr.";

type Records = ReadonlyMap<string, Buffer>;
const NO_RECORDS: Records = new Map();

/** Decodes the headers of one archive; extensions count for the entry that follows them. */
export class TarHeaders {
  #global: Records = NO_RECORDS;
  #local: Records = NO_RECORDS;
  #longName: string | undefined;
  #longLinkName: string | undefined;

  /** @throws `invalid` when it is no header, or one of a kind that a layer cannot hold */
  decode(block: Buffer): TarBlock {
    if (block[0] === 0 && block.every((byte) => byte === 0)) return { kind: "zero" };
    checkSum(block);
    const flag = String.fromCharCode(block[156] ?? 0);
    if (EXTENSIONS.includes(flag)) {
      const size = numberAt(block, 124, 12);
      if (size > EXTENSION_MAXIMUM) throw badArchive("an extended header is too long");
      return { kind: "extension", flag, size };
    }
    return { kind: "entry", entry: this.#entry(block, flag) };
  }

  /** Takes the body that belongs to an extension block. */
  extend(flag: string, body: Buffer): void {
    if (flag === "L") this.#longName = textAt(body, 0, body.length);
    else if (flag === "K") this.#longLinkName = textAt(body, 0, body.length);
    else if (flag === "g") this.#global = new Map([...this.#global, ...decodeRecords(body)]);
    else this.#local = decodeRecords(body);
  }

  #entry(block: Buffer, flag: string): TarEntry {
    const records = this.#global.size === 0 ? this.#local : new Map([...this.#global, ...this.#local]);
    const name = textOf(records, "path") ?? this.#longName ?? nameAt(block);
    const linkName = textOf(records, "linkpath") ?? this.#longLinkName ?? textAt(block, 157, 100);
    this.#local = NO_RECORDS;
    this.#longName = undefined;
    this.#longLinkName = undefined;
    const type = typeOf(flag, name, records);
    return {
      name,
      type,
      linkName,
      mode: numberAt(block, 100, 8) & 0o7777,
      uid: numberOf(records, "uid") ?? numberAt(block, 108, 8),
      gid: numberOf(records, "gid") ?? numberAt(block, 116, 8),
      size: type === "file" ? (numberOf(records, "size") ?? numberAt(block, 124, 12)) : 0,
      modified: numberOf(records, "mtime") ?? numberAt(block, 136, 12),
      major: type === "character" || type === "block" ? numberAt(block, 329, 8) : 0,
      minor: type === "character" || type === "block" ? numberAt(block, 337, 8) : 0,
      attributes: attributesOf(records),
    };
  }
}

function typeOf(flag: string, name: string, records: Records): TarType {
  const type = TYPES[flag];
  if (type === undefined || [...records.keys()].some((key) => key.startsWith("GNU.sparse."))) {
    const kind = flag === "S" || type !== undefined ? "a sparse file" : `of the unknown type ${JSON.stringify(flag)}`;
    throw badArchive(`"${name}" is ${kind}`);
  }
  // Archives older than POSIX mark directories by a slash alone.
  return type === "file" && name.endsWith("/") ? "directory" : type;
}

function attributesOf(records: Records): ReadonlyMap<string, Buffer> {
  if (records.size === 0) return NO_RECORDS;
  const found = [...records].filter(([key]) => key.startsWith(ATTRIBUTE));
  return new Map(found.map(([key, value]) => [key.slice(ATTRIBUTE.length), value]));
}

/** pax records: `length key=value\n`, the length counts itself. */
function decodeRecords(body: Buffer): Records {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString("latin1", at, Math.max(space, at)));
    const equals = body.indexOf(0x3d, space);
    const end = at + length;
    if (space === -1 || !Number.isSafeInteger(length) || end > body.length || equals === -1 || equals >= end) {
      throw badArchive("an extended header is damaged");
    }
    records.set(body.toString("utf8", space + 1, equals), Buffer.from(body.subarray(equals + 1, end - 1)));
    at = end;
  }
  return records;
}

function textOf(records: Records, key: string): string | undefined {
  const text = records.get(key)?.toString("latin1");
  if (text?.includes("\0") === true) throw badArchive("a name holds a zero byte");
  return text === "" ? undefined : text;
}

function numberOf(records: Records, key: string): number | undefined {
  const text = records.get(key)?.toString("latin1");
  if (text === undefined || text === "") return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) throw badArchive(`the extended header "${key}" is no number`);
  return number;
}

/** POSIX archives may keep the front part of a long name apart; GNU ones use that place for something else. */
function nameAt(block: Buffer): string {
  const name = textAt(block, 0, 100);
  const prefix = textAt(block, 257, 6) === "ustar" && block[262] === 0 ? textAt(block, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textAt(block: Buffer, start: number, length: number): string {
  const zero = block.indexOf(0, start);
  const end = zero === -1 || zero > start + length ? start + length : zero;
  return block.toString("latin1", start, end);
}

/** Octal text; or big-endian binary with the highest bit set, for what does not fit. */
function numberAt(block: Buffer, start: number, length: number): number {
  const first = block[start] ?? 0;
  if ((first & 0x80) !== 0) {
    const negative = (first & 0x40) !== 0;
    let value = BigInt(first & 0x7f);
    for (let at = start + 1; at < start + length; at++) value = (value << 8n) | BigInt(block[at] ?? 0);
    return Number(negative ? value - (1n << BigInt(8 * length - 1)) : value);
  }
  const text = textAt(block, start, length).trim();
  const value = text === "" ? 0 : Number.parseInt(text, 8);
  if (!Number.isFinite(value)) throw badArchive("invalid tar header");
  return value;
}

/** The sum of all bytes, with the sum's own eight taken as blanks; some old programs summed signed bytes. */
function checkSum(block: Buffer): void {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < BLOCK; at++) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const sum = numberAt(block, 148, 8);
  if (sum !== unsigned && sum !== signed) throw badArchive("invalid tar header");
}

export const badArchive = (reason: string): Error => invalid(`archive/tar: ${reason}`, "CTR_ARCHIVE_INVALID");
