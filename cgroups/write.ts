/** One value into one file: the atom of every change. */
import { parseList } from "./lists.ts";
import type { LimitRow } from "./table/index.ts";

export interface Write {
  readonly path: string;
  /** Name of the file without its directory. */
  readonly file: string;
  readonly value: string;
  /** What a write must contain to put the present state back; undefined for a file that only triggers something. */
  readonly previous: string | undefined;
  /** Means the same as `previous`, where the kernel refuses to go back to that. */
  readonly previousInstead?: string;
  readonly row: LimitRow;
  /** The part of the file's content that this write replaces; all of it when absent. */
  readonly valueIn?: (content: string) => string;
  /** False for a file whose content the kernel shows in another form than it takes. */
  readonly isConfirmed?: boolean;
  /** A file of a process, which may have ended: then there is nothing to change. */
  readonly mayVanish?: boolean;
}

/** The first number in a file; no limit is infinite: `max`, `-1`, or v1's largest number. */
export function fileNumber(text: string): number {
  const [first = ""] = text.split(" ");
  const number = first === "max" ? -1 : Number(first);
  return number < 0 || number >= 2 ** 62 ? Number.POSITIVE_INFINITY : number;
}

/** True when writing `value` over `kept` would change nothing. */
export function isSame(row: LimitRow, value: string, kept: string): boolean {
  if (value === kept) return true;
  if (row.unit === "list") return parseList(value)?.join() === parseList(kept)?.join();
  return row.unit === "bytes" && fileNumber(value) === fileNumber(kept);
}

/** Limits of memory are rounded down to whole pages, which are 64 KiB on some machines. */
const LARGEST_PAGE = 65_536;

/** True when `kept` is what the kernel makes of `value`. */
export function isKept(row: LimitRow, value: string, kept: string): boolean {
  if (isSame(row, value, kept)) return true;
  const difference = fileNumber(value) - fileNumber(kept);
  return row.unit === "bytes" && difference >= 0 && difference < LARGEST_PAGE;
}
