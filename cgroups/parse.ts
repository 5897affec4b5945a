/** Reads limits as the user wrote them on a command line, and shows them as people read them. */
import { invalid } from "../lib/errors.ts";
import { parseFraction } from "../lib/units/fraction.ts";
import { formatBinarySize, parseSize } from "../lib/units/size.ts";
import { rowOf } from "./table/index.ts";
import type { DeviceLimit, LimitField, LimitValue } from "./types.ts";

/**
 * Reads the value of a flag as the user wrote it: `64m`, `0.5`, `-1` (no limit), `0-2`, `/dev/sda:1mb`, `file=value`.
 * Range and host are checked later, by `checkLimits`. A flag that may be given several times: see {@link parseLimits}.
 * @throws `invalid` when it cannot be read, with Docker's text
 */
export function parseLimit(field: LimitField, text: string): LimitValue {
  const { unit } = rowOf(field);
  switch (unit) {
    case "bytes":
      return isUnlimited(text) ? "max" : parseSize(text);
    case "cpus":
      return isUnlimited(text) ? "max" : rationalNumber(text);
    case "tasks":
      return isUnlimited(text) || text === "0" ? "max" : wholeNumber(text);
    case "weight":
      return text === "max" || text === "0" ? "max" : smallNumber(text);
    case "list":
      return text;
    case "switch":
      return switchValue(text);
    case "device rates":
      return [deviceLimit(text, byteRate)];
    case "device operations":
      return [deviceLimit(text, operationRate)];
    case "device weights":
      return [deviceLimit(text, deviceWeight)];
    case "files":
      return confFile(text);
    default:
      return wholeNumber(text);
  }
}

/** All values of a flag together: lists of devices and files grow, otherwise the last wins, as Docker's flags do. */
export function parseLimits(field: LimitField, texts: readonly string[]): LimitValue | undefined {
  const values = texts.map((text) => parseLimit(field, text));
  const { unit } = rowOf(field);
  if (unit === "files") return Object.assign({}, ...values);
  if (unit.startsWith("device ")) return (values as (readonly DeviceLimit[])[]).flat();
  return values.at(-1);
}

const isUnlimited = (text: string): boolean => text === "-1" || text === "max";

const BILLION = 1_000_000_000n;

/** To the ninth digit, as Docker keeps it: `0.5`, `1/2`, `5e-1`. */
function rationalNumber(text: string): number {
  const fraction = parseFraction(text);
  if (fraction === undefined) throw unreadable(`failed to parse ${text} as a rational number`);
  const billions = fraction.numerator * BILLION;
  if (billions % fraction.denominator !== 0n) throw unreadable("value is too precise");
  return Number(billions / fraction.denominator) / 1e9;
}

/** As Go's strconv.ParseInt takes it. */
function wholeNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw unreadable(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw unreadable(`strconv.ParseInt: parsing "${text}": value out of range`);
  return number;
}

/** As Go's strconv.ParseUint takes it, in 16 bits. */
function smallNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw unreadable(`strconv.ParseUint: parsing "${text}": invalid syntax`);
  const number = Number(text);
  if (number >= 2 ** 16) throw unreadable(`strconv.ParseUint: parsing "${text}": value out of range`);
  return number;
}

/** The words that Go's strconv.ParseBool takes. */
function switchValue(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw unreadable(`strconv.ParseBool: parsing "${text}": invalid syntax`);
}

/** `/dev/sda:1mb`; nothing or −1 behind the colon takes the device's limit away. */
function deviceLimit(text: string, parse: (value: string, whole: string) => number): DeviceLimit {
  const [device = "", value] = splitOnce(text, ":");
  if (value === undefined) throw unreadable(`bad format: ${text}`);
  if (!device.startsWith("/dev/")) throw unreadable(`bad format for device path: ${text}`);
  if (isUnlimited(value)) return { device, value: "max" };
  const number = parse(value, text);
  return { device, value: number === 0 ? "max" : number };
}

function byteRate(value: string, whole: string): number {
  try {
    return parseSize(value);
  } catch {
    throw unreadable(
      `invalid rate for device: ${whole}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
}

function operationRate(value: string, whole: string): number {
  if (/^\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw unreadable(
    `invalid rate for device: ${whole}. The correct format is <device-path>:<number>. Number must be a positive integer`,
  );
}

function deviceWeight(value: string, whole: string): number {
  const weight = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (weight === 0 || (weight >= 10 && weight <= 1000)) return weight;
  throw unreadable(`invalid weight for device: ${whole}`);
}

function confFile(text: string): Readonly<Record<string, string>> {
  const [file = "", value] = splitOnce(text, "=");
  if (value === undefined || file === "") {
    throw invalid(`invalid cgroup file setting: "${text}"`, {
      code: "CTR_LIMIT_INVALID",
      hint: "write file=value, such as memory.high=512M; nothing behind the = puts the kernel's own value back",
    });
  }
  return { [file]: value };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

const unreadable = (text: string): Error => invalid(text, "CTR_LIMIT_INVALID");

/** A value as people read it: `64MiB`, `0.5`, `unlimited`, `/dev/sda 1MiB/s`. */
export function formatLimit(field: LimitField, value: LimitValue): string {
  const { unit, unset } = rowOf(field);
  if (value === "max") return unit === "weight" ? "default" : "unlimited";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "object") return formatList(unit, value);
  // Where nothing is asked for by 0, which reads as a limit that lets nothing pass.
  if (unit === "bytes") return value === 0 && unset === 0 ? "none" : formatBinarySize(value);
  if (unit === "microseconds") return `${value}µs`;
  return String(unit === "cpus" ? Math.round(value * 1e5) / 1e5 : value);
}

function formatList(unit: string, value: readonly DeviceLimit[] | Readonly<Record<string, string>>): string {
  if (!Array.isArray(value)) {
    const files = Object.entries(value).map(([file, text]) => `${file}=${text}`);
    return files.length === 0 ? "none" : files.join(", ");
  }
  const lines = (value as readonly DeviceLimit[]).map(({ device, value: rate }) => {
    if (rate === "max") return `${device} unlimited`;
    if (unit === "device rates") return `${device} ${formatBinarySize(rate)}/s`;
    return unit === "device operations" ? `${device} ${rate}/s` : `${device} ${rate}`;
  });
  return lines.length === 0 ? "unlimited" : lines.join(", ");
}
