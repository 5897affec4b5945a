/** Rows of `ctr limit set` and `ctr limit unset`: what a limit was, and what it is now. */
import type { LimitChange } from "../../../runtime/index.ts";
import type { RowFields } from "./row.ts";
import { type Columns, renderRows } from "./rows.ts";

/** What was changed of one container or group. */
export interface ChangedObject {
  readonly name: string;
  readonly changes: readonly LimitChange[];
}

const HEADINGS: Columns = { Name: "NAME", Limit: "LIMIT", Before: "BEFORE", After: "AFTER", File: "FILE" };

export interface ChangesLayout {
  /** The value of `--format`. */
  readonly format: string | undefined;
  /** With the file that was written. */
  readonly verbose: boolean;
}

/** The whole text. What was as asked already is told in words, where people read. */
export function renderChanges(objects: readonly ChangedObject[], { format, verbose }: ChangesLayout): string {
  const rows = objects.flatMap(rowsOf);
  const columns = ["Name", "Limit", "Before", "After", ...(verbose ? ["File"] : [])];
  if (format !== undefined && format !== "table") return renderRows(rows, { format, columns, headings: HEADINGS });
  const unchanged = objects
    .filter(({ changes }) => !changes.some(isDifferent))
    .map(({ name }) => `${name}: already so\n`);
  const table = rows.length === 0 ? "" : renderRows(rows, { format, columns, headings: HEADINGS });
  return table + unchanged.join("");
}

/** Asked in another way and the same, such as unlimited swap, is no change to people. */
const rowsOf = ({ name, changes }: ChangedObject): RowFields[] =>
  changes.filter(isDifferent).map(({ limit, before, after, file }) => ({
    Name: name,
    Limit: limit,
    Before: shown(before),
    After: shown(after),
    File: file ?? "-",
  }));

const isDifferent = ({ before, after }: LimitChange): boolean => before !== after;

const shown = (value: string): string => (value === "max" ? "unlimited" : value);
