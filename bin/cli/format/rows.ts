/** Lists as the user wants them: a table, only ids, a template a row, or JSON a line. */
import { alignColumns } from "./table.ts";
import { compileTemplate, type Method } from "./template/evaluate.ts";

/** One row: what `{{.Name}}` gives. Methods take arguments, `{{.Label "x"}}`. */
export type RowFields = Readonly<Record<string, string | number | null | Method>>;

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
  if (wish === "json") return rows.map((row) => `${goJson(fieldsOnly(row))}\n`).join("");
  if (wish === "table" || wish === "") {
    const head = columns.map((column) => headings[column] ?? "");
    return alignColumns([head, ...rows.map((row) => columns.map((column) => String(row[column] ?? "")))]);
  }
  if (wish.startsWith("table ")) {
    const render = compileTemplate(wish.slice("table ".length).trimStart());
    return alignColumns([headings, ...rows].map((row) => render(row).split("\t")));
  }
  const render = compileTemplate(wish);
  return rows.map((row) => `${render(row)}\n`).join("");
}

/** Shells pass `\t` on as two characters; Docker makes a tab of it. */
const withEscapes = (format: string): string => format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");

/** Fields sorted by name, without methods. */
function fieldsOnly(row: RowFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([, value]) => typeof value !== "function")
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** JSON as Go's encoder writes it: `<`, `>` and `&` as escapes. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}
