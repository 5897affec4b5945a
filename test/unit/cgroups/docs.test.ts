/** The user's guide says what the table and the causes say. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { CAUSES, LIMIT_ROWS } from "../../../cgroups/index.ts";

const guide = readFileSync(new URL("../../../docs/limits.md", import.meta.url), "utf8");

describe("docs/limits.md", () => {
  for (const { flag, summary, v1, v2 } of LIMIT_ROWS) {
    it(`has ${flag} as the table has it`, () => {
      const line = guide.split("\n").find((text) => text.startsWith(`| \`${flag}\` |`)) ?? "";
      assert.ok(line.includes(summary), line);
      for (const rule of [v1, v1?.instead, v2, v2?.instead]) {
        if (rule !== undefined) assert.ok(line.includes(`\`${rule.file}\``), rule.file);
      }
    });
  }

  it("has every cause by its code", () => {
    for (const { code } of CAUSES) assert.ok(guide.includes(`\`${code}\``), code);
  });
});
