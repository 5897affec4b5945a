/** One row of a list: what `{{.Name}}` gives. */

/** A method of a row: `{{.Label "key"}}`. */
export type Method = (...values: readonly unknown[]) => unknown;

/** Methods take arguments. */
export type RowFields = Readonly<Record<string, string | number | null | Method>>;

/** Fields as properties, so that templates find them; as JSON, sorted by name and without methods. */
export class Row {
  constructor(fields: RowFields) {
    // Getters stay getters: a field that nobody asks for is not computed.
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(fields));
  }

  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this)
        .filter(([, value]) => typeof value !== "function")
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
}
