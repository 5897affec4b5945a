/** Byte sizes as people write and read them (Docker's go-units: `64m` is binary, `7.06MB` is decimal). */
import { invalid } from "../errors.ts";

const BINARY_FACTOR: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};
const SIZE = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])(?:i?b)?|(b))?$/i;

/**
 * Reads a size such as `64m`, `1.5g`, `512kb`, `1048576`: units are powers of 1024.
 * @returns whole bytes
 * @throws `invalid` with Docker's texts
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text.trim());
  if (match === null) {
    const hint = "write a number with a unit: 512k, 64m, 1.5g";
    throw invalid(whyNoSize(text), { code: "CTR_SIZE_INVALID", hint });
  }
  const [, digits = "", prefix = "", byte = ""] = match;
  const bytes = Math.floor(Number(digits) * (BINARY_FACTOR[(prefix || byte).toLowerCase()] ?? 1));
  if (!Number.isSafeInteger(bytes)) throw invalid(`size is out of range: '${text}'`, "CTR_SIZE_INVALID");
  return bytes;
}

/** Docker's go-units takes what stands behind the last digit for the unit. */
function whyNoSize(text: string): string {
  const [, number = "", unit = ""] = /^(.*[\d.]) ?([^\d. ]*)$/.exec(text) ?? [];
  if (number === "" || number.startsWith("-")) return `invalid size: '${text}'`;
  if (!/^\d*\.?\d*$/.test(number)) return `strconv.ParseFloat: parsing "${number}": invalid syntax`;
  return `invalid suffix: '${unit}'`;
}

const significant = (value: number, digits: number): string => String(Number(value.toPrecision(digits)));

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${significant(value, digits)}${units[unit]}`;
}

/** Decimal, as `docker images` prints: `4.26MB`. Three significant digits unless told otherwise. */
export function formatSize(bytes: number, digits = 3): string {
  return scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"], digits);
}

/** Binary, as `docker stats` prints: `63.98MiB`. Four significant digits. */
export function formatBinarySize(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], 4);
}
