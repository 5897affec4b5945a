/** Reads the numbers of cgroup files. */
import type { Maximum } from "../types.ts";
import type { FileText } from "./rule.ts";

/** No limit, as v1 memory files show it: the largest number of whole pages in a signed 64-bit number. */
const V1_UNLIMITED = 2 ** 62;

export const numberIn = (text: FileText, file: string): number | undefined => {
  const content = text(file);
  return content === undefined ? undefined : Number(content);
};

/** A v2 file: a number, or `max`. */
export const maximumIn = (text: FileText, file: string): Maximum => {
  const content = text(file);
  return content === undefined || content === "max" ? "max" : Number(content);
};

/** A v1 memory file. */
export const v1BytesIn = (text: FileText, file: string): Maximum => {
  const bytes = Number(text(file) ?? V1_UNLIMITED);
  return bytes >= V1_UNLIMITED ? "max" : bytes;
};

export const v1Bytes = (value: Maximum | undefined): string =>
  value === undefined || value === "max" ? "-1" : String(value);

export const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b;

export const difference = (a: Maximum, b: Maximum): Maximum => (a === "max" || b === "max" ? "max" : a - b);
