/** Drawings of one line: a bar for a part of a whole, and a curve that is one character high. */

const EIGHTHS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** `███░░░░░░░`. @param part 0 … 1; what is beyond is drawn as all or nothing */
export function bar(part: number, width = 10): string {
  const filled = Math.round(Math.min(1, Math.max(0, part)) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** The height of a value in a column of `rows` characters, the lowest first. A value above 0 is seen. */
export function column(value: number | undefined, max: number, rows: number): string[] {
  const part = value === undefined || max <= 0 ? 0 : Math.min(1, Math.max(0, value / max));
  const eighths = part === 0 ? 0 : Math.max(1, Math.round(part * rows * 8));
  return Array.from({ length: rows }, (_, row) => EIGHTHS[Math.min(8, Math.max(0, eighths - 8 * row))] ?? " ");
}

/** The newest values at the right; shorter histories leave the left empty. */
export const sparkline = (values: readonly (number | undefined)[], max: number, width: number): string =>
  lastOf(values, width)
    .map((value) => column(value, max, 1).join(""))
    .join("");

/** Exactly `width` of them. */
export function lastOf<T>(values: readonly T[], width: number): (T | undefined)[] {
  const last: readonly (T | undefined)[] = values.slice(-width);
  return [...Array<undefined>(Math.max(0, width - last.length)).fill(undefined), ...last];
}
