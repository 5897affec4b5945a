import { deepEqual, equal } from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitDirectory } from "../../../runtime/monitor/exits.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

describe("the exit directory", () => {
  let path: string;

  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "ctr-exits-"));
  });

  afterEach(() => rmSync(path, { recursive: true }));

  /** As conmon writes it: a temporary file, renamed. */
  const exit = (id: string, code: number) => {
    writeFileSync(join(path, `${id}.tmp`), String(code));
    renameSync(join(path, `${id}.tmp`), join(path, id));
  };

  it("tells an exit once, as it happens", async () => {
    using exits = new ExitDirectory(path);
    const told: [string, number][] = [];
    const both = Promise.withResolvers<void>();
    exits.onExit((id, code) => {
      told.push([id, code]);
      if (told.length === 2) both.resolve();
    });
    exit(A, 0);
    exit(B, 137);
    await both.promise;
    exits.scan();
    deepEqual(told.toSorted(), [
      [A, 0],
      [B, 137],
    ]);
  });

  it("tells exits that happened before, when asked to look", () => {
    exit(A, 3);
    using exits = new ExitDirectory(path);
    const told: [string, number][] = [];
    exits.onExit((id, code) => told.push([id, code]));
    exits.scan();
    deepEqual(told, [[A, 3]]);
  });

  it("tells the next exit of a container whose last one was forgotten", () => {
    using exits = new ExitDirectory(path);
    const told: number[] = [];
    exits.onExit((_, code) => told.push(code));
    exit(A, 1);
    exits.scan();
    exits.forget(A);
    equal(exits.codeOf(A), undefined);
    exit(A, 2);
    exits.scan();
    deepEqual(told, [1, 2]);
  });

  it("regards only names that are container ids", () => {
    writeFileSync(join(path, "x"), "1");
    using exits = new ExitDirectory(path);
    deepEqual(exits.list(), []);
  });
});
