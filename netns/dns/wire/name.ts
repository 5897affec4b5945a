/**
 * Names. Between functions a name is its **key**: its bytes on the wire (a length before each label, zero at the end) as
 * a string of one character a byte, with ASCII letters in lower case. Equal names have equal keys, also names whose
 * labels hold dots.
 */

/** Bytes on the wire, RFC 1035 section 2.3.4. */
const MAX_NAME = 255;
const MAX_LABEL = 63;
/** Pointers have their two upper bits set; the values between are not in use. */
const POINTER = 0xc0;

/** Length bytes are below 64 and so never touched. */
const lowerCase = (wire: string): string => wire.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/**
 * @param text `web` or `web.front`, with or without a last dot
 * @returns undefined when it is no name: an empty or too long label, or too long as a whole
 */
export function keyOfName(text: string): string | undefined {
  const wire = encodeName(text);
  return wire === undefined ? undefined : lowerCase(wire.toString("latin1"));
}

/** The bytes of a name, its letters as they are. @returns undefined when it is none */
export function encodeName(text: string): Buffer | undefined {
  const labels = text === "." || text === "" ? [] : text.replace(/\.$/, "").split(".");
  const parts: Buffer[] = [];
  for (const label of labels) {
    const bytes = Buffer.from(label, "utf8");
    if (bytes.length === 0 || bytes.length > MAX_LABEL) return undefined;
    parts.push(Buffer.from([bytes.length]), bytes);
  }
  const wire = Buffer.concat([...parts, Buffer.from([0])]);
  return wire.length > MAX_NAME ? undefined : wire;
}

/** A key as text, without a last dot; the root is `.`. */
export function nameOfKey(key: string): string {
  return readName(Buffer.from(key, "latin1"), 0) ?? "";
}

/**
 * The end of the uncompressed name that begins at `offset`.
 * @returns undefined when the message ends before it, or it is compressed or too long
 */
export function endOfPlainName(message: Uint8Array, offset: number): number | undefined {
  const limit = Math.min(message.length, offset + MAX_NAME);
  let at = offset;
  while (at < limit) {
    const length = message[at] as number;
    if (length === 0) return at + 1;
    if (length > MAX_LABEL) return undefined;
    at += length + 1;
  }
  return undefined;
}

/** The key of the uncompressed name between two offsets. */
export function keyAt(message: Buffer, start: number, end: number): string {
  const wire = message.toString("latin1", start, end);
  return hasUpperCase(message, start, end) ? lowerCase(wire) : wire;
}

function hasUpperCase(message: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = message[at] as number;
    if (byte >= 65 && byte <= 90) return true;
  }
  return false;
}

/**
 * The end of the name at `offset`, compressed or not: what a pointer leads to is not looked at.
 * @returns undefined when the message ends before it
 */
export function skipName(message: Uint8Array, offset: number): number | undefined {
  let at = offset;
  while (at < message.length) {
    const length = message[at] as number;
    if (length === 0) return at + 1;
    if (length >= POINTER) return at + 2 <= message.length ? at + 2 : undefined;
    if (length > MAX_LABEL) return undefined;
    at += length + 1;
  }
  return undefined;
}

/**
 * The name at `offset` as text, through its pointers. Each must lead further back than the one before: no loop is
 * followed. Dots and odd bytes in labels are escaped as dig does.
 * @returns undefined when it is no name
 */
export function readName(message: Uint8Array, offset: number): string | undefined {
  const labels: string[] = [];
  let at = offset;
  let before = offset;
  let bytes = 0;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return labels.length === 0 ? "." : labels.join(".");
    if (length >= POINTER) {
      const low = message[at + 1];
      if (low === undefined) return undefined;
      const target = ((length & ~POINTER) << 8) | low;
      if (target >= before) return undefined;
      before = target;
      at = target;
      continue;
    }
    bytes += length + 1;
    if (length > MAX_LABEL || bytes >= MAX_NAME || at + 1 + length > message.length) return undefined;
    labels.push(escapeLabel(message.subarray(at + 1, at + 1 + length)));
    at += length + 1;
  }
}

function escapeLabel(label: Uint8Array): string {
  let text = "";
  for (const byte of label) {
    const character = String.fromCharCode(byte);
    if (byte <= 0x20 || byte >= 0x7f) text += `\\${String(byte).padStart(3, "0")}`;
    else text += /[.\\"();@$]/.test(character) ? `\\${character}` : character;
  }
  return text;
}
