import assert from "node:assert/strict";
import fc from "fast-check";
import { splitCsv } from "../../../bin/flags/csv.ts";

describe("comma-separated values", () => {
  it("are split at commas outside quotes", () => {
    assert.deepEqual(splitCsv("a,b,,c"), ["a", "b", "", "c"]);
    assert.deepEqual(splitCsv(""), [""]);
    assert.deepEqual(splitCsv("a,"), ["a", ""]);
    assert.deepEqual(splitCsv('"a,b",c'), ["a,b", "c"]);
    assert.deepEqual(splitCsv('x,"say ""no"""'), ["x", 'say "no"']);
  });

  it("are refused with quotes at the wrong place, with Go's texts", () => {
    assert.throws(() => splitCsv('a="b'), /^Error: bare " in non-quoted-field$/);
    assert.throws(() => splitCsv('"a'), /^Error: extraneous or missing " in quoted-field$/);
    assert.throws(() => splitCsv('"a"b,c'), /^Error: extraneous or missing " in quoted-field$/);
  });

  it("come back as they were written", () => {
    const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
        assert.deepEqual(splitCsv(fields.map(quoted).join(",")), fields);
      }),
    );
  });
});
