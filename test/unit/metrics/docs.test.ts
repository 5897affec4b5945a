import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAMILIES } from "../../../runtime/metrics/families.ts";

describe("docs/metrics.md", () => {
  it("names every metric, with its type and what it tells", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../docs/metrics.md"), "utf8");
    const rows = [...text.matchAll(/^\| `((?:container|ctr_container)_\w+)` \| (\w+) \| (.+) \|$/gm)].map(
      ([, ...cells]) => cells,
    );
    assert.deepEqual(
      rows,
      FAMILIES.map(({ name, type, help }) => [name, type, help]),
    );
  });
});
