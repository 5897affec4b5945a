/**
 * Records of conmon's `k8s-file` log, the format of Kubernetes' CRI: one text line
 * `<RFC 3339 time> <stdout|stderr> <F|P> <bytes>`. `F` ends a line of output; `P` is a piece of one, whose newline here is
 * the log's own. conmon cuts at each read of its pipe (8 KiB), so pieces of one line follow each other, but pieces of
 * the other stream may stand between them.
 */
import type { OutputStream } from "../attachment.ts";

export interface LogRecord {
  readonly stream: OutputStream;
  /** As written, such as `2026-11-24T11:14:04.123456789+00:00`. */
  readonly time: string;
  /** The record ends a line: the output had a newline there. */
  readonly full: boolean;
  /** The bytes, with the newline when `full`. A view of the buffer that was parsed. */
  readonly data: Buffer;
}

const SPACE = 0x20;
const FULL = 0x46;
const TAG_LENGTH = 2;

/**
 * @param buffer holds whole log lines
 * @param start where one begins
 * @param end just behind its newline
 * @returns undefined for a line that is no record: the log was damaged, for example by a full disk
 */
export function parseRecord(buffer: Buffer, start: number, end: number): LogRecord | undefined {
  const timeEnd = buffer.indexOf(SPACE, start);
  if (timeEnd < 0 || timeEnd >= end) return undefined;
  const streamEnd = buffer.indexOf(SPACE, timeEnd + 1);
  if (streamEnd < 0 || streamEnd + TAG_LENGTH >= end || buffer[streamEnd + TAG_LENGTH] !== SPACE) return undefined;
  const stream = buffer.toString("latin1", timeEnd + 1, streamEnd);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const full = buffer[streamEnd + 1] === FULL;
  const dataStart = streamEnd + 1 + TAG_LENGTH;
  return {
    stream,
    full,
    time: buffer.toString("latin1", start, timeEnd),
    data: buffer.subarray(dataStart, full ? end : end - 1),
  };
}

/** A record's time in UTC as Docker writes times: `2026-11-24T11:14:04.123456789Z`. */
export function utcTime(time: string): string {
  const match = /^(.{19})(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (match === null) return time;
  const [, seconds = "", fraction = "", zone = ""] = match;
  if (zone === "Z" || zone === "+00:00") return `${seconds}${fraction}Z`;
  return `${new Date(`${seconds}${zone}`).toISOString().slice(0, 19)}${fraction}Z`;
}

/** A time in microseconds since 1970, which a number holds exactly. NaN when it is none. */
export function microseconds(time: string): number {
  const match = /^(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (match === null) return Number.NaN;
  const [, seconds = "", fraction = "", zone = ""] = match;
  return Date.parse(`${seconds}${zone}`) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
