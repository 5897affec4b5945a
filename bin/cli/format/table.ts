/** Columns of text as Docker prints them. */

export interface TableLayout {
  /** Columns are at least so wide, gap included. */
  readonly minimum?: number;
  /** Spaces between a column's widest cell and the next column. */
  readonly gap?: number;
}

/** Aligns rows of cells; the last cell of a row is not padded. Every line ends with a newline. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { minimum = 10, gap = 3 }: TableLayout = {},
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? minimum, widthOf(cell) + gap);
    }
  }
  return rows.map((row) => `${row.map((cell, column) => pad(cell, row, column, widths)).join("")}\n`).join("");
}

const pad = (cell: string, row: readonly string[], column: number, widths: readonly number[]): string =>
  column === row.length - 1 ? cell : cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)));

/** Characters, not UTF-16 units. */
const widthOf = (text: string): number => [...text].length;
