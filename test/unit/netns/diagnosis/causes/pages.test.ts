import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { CAUSES } from "../../../../../netns/diagnosis/causes/index.ts";

const folder = new URL("../../../../../docs/diagnosis/", import.meta.url);
const page = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const PARTS = ["What you see", "Why", "How it is recognised", "How to mend it", "How to prevent it"];

describe("pages of causes", () => {
  const codes = CAUSES.map(({ code }) => code);

  it("are there for each cause, and for no other one", () => {
    const pages = readdirSync(folder).filter((name) => name.startsWith("CTRN"));
    assert.deepEqual(pages.sort(), codes.map((code) => `${code}.md`).sort());
  });

  it("have the causes' headings, and the same parts", () => {
    for (const { code, heading } of CAUSES) {
      const text = page(`${code}.md`);
      assert(text.startsWith(`# ${code}: ${heading}\n`), code);
      assert.deepEqual(
        [...text.matchAll(/^\*\*([^*]+)\.\*\*/gm)].map(([, part]) => part),
        PARTS,
        code,
      );
    }
  });

  it("are listed in the index, with what finds them", () => {
    const rows = [...page("README.md").matchAll(/^\| \[(CTRN\d+)\]\(\1\.md\) \| (.+?) \| (.*?) \| (.*?) \|$/gm)];
    const listed = rows.map(([, code, heading, by = ""]) => ({ code, heading, doctor: by.includes("doctor") }));
    assert.deepEqual(
      listed,
      CAUSES.map(({ code, heading, inspect }) => ({ code, heading, doctor: inspect !== undefined })),
    );
  });

  it("name each code once, in order", () => {
    assert.deepEqual(codes, [...new Set(codes)].sort());
  });
});
