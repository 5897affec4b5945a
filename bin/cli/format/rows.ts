/** Lists as the user wants them: a table, only ids, a template a row, or JSON a line. */

import { goJson } from "../../flags/go.ts";
import { Row, type RowFields } from "./row.ts";
import { alignColumns } from "./table.ts";
import { compileTemplate } from "./template/evaluate.ts";

/** A column: the field it shows and the words above it. */
export type Columns = Readonly<Record<string, string>>;

export interface ListFormat {
  /** The value of `--format`. */
  readonly format: string | undefined;
  /** Columns of the table when no template chooses others: field → heading. */
  readonly columns: readonly string[];
  /** Headings of all fields that a `table` template may name. */
  readonly headings: Columns;
}

/** The whole text of a list. */
export function renderRows(rows: readonly RowFields[], { format = "table", columns, headings }: ListFormat): string {
  const wish = withEscapes(format.trim());
  if (wish === "json") return rows.map((row) => `${goJson(new Row(row))}\n`).join("");
  if (wish === "table" || wish === "") {
    const head = columns.map((column) => headings[column] ?? "");
    return alignColumns([head, ...rows.map((row) => columns.map((column) => String(row[column] ?? "")))]);
  }
  if (wish.startsWith("table ")) {
    const render = compileTemplate(wish.slice("table ".length).trimStart());
    const heading = { ...headings, Label: labelHeading };
    return alignColumns([heading, ...rows].map((row) => render(new Row(row)).split("\t")));
  }
  const render = compileTemplate(wish);
  return rows.map((row) => `${render(new Row(row))}\n`).join("");
}

/** Above a column of labels stands the last word of their name, as Docker has it. */
const labelHeading = (name: unknown): string => (String(name).split(".").at(-1) ?? "").replace(/[-_]/g, " ");

/** Shells pass `\t` on as two characters; Docker makes a tab of it. */
const withEscapes = (format: string): string => format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
