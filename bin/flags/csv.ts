/** One record of comma-separated values: `a,"b,c"` is two. Docker splits the values of some flags this way. */

/** @throws for a quote that nothing closes, and for one inside a bare value, with the texts of Go's `encoding/csv` */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let rest = text;
  for (;;) {
    const { field, after } = rest.startsWith('"') ? quotedField(rest) : bareField(rest);
    fields.push(field);
    if (after === "") return fields;
    rest = after.slice(1);
  }
}

interface Taken {
  readonly field: string;
  /** Empty, or begins with the comma. */
  readonly after: string;
}

function bareField(text: string): Taken {
  const comma = text.indexOf(",");
  const field = comma < 0 ? text : text.slice(0, comma);
  if (field.includes('"')) throw new Error('bare " in non-quoted-field');
  return { field, after: text.slice(field.length) };
}

function quotedField(text: string): Taken {
  const [whole, inner = ""] = /^"((?:[^"]|"")*)"(?=,|$)/.exec(text) ?? [];
  if (whole === undefined) throw new Error('extraneous or missing " in quoted-field');
  return { field: inner.replaceAll('""', '"'), after: text.slice(whole.length) };
}
