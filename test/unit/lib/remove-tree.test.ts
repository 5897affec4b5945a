import { equal } from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { removeTree } from "../../../lib/remove-tree.ts";

const FILES = 200;
/** Removes the files of one directory, one after the other, as soon as it is told. */
const OTHER = `
  const { parentPort } = require("node:worker_threads");
  const { rmSync } = require("node:fs");
  parentPort.on("message", (directory) => {
    parentPort.postMessage("begins");
    for (let n = ${FILES}; n > 0; n--) rmSync(directory + "/" + n, { force: true });
  });`;

describe("removing a tree", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "ctr-tree-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("leaves nothing when somebody else removes files of it meanwhile", async () => {
    const other = new Worker(OTHER, { eval: true });
    for (let round = 0; round < 5; round++) {
      const tree = join(directory, String(round));
      mkdirSync(tree);
      for (let n = 1; n <= FILES; n++) writeFileSync(join(tree, String(n)), "");
      const begun = once(other, "message");
      other.postMessage(tree);
      await begun;
      removeTree(tree);
      equal(existsSync(tree), false);
    }
    await other.terminate();
  });

  it("takes what is not there", () => removeTree(join(directory, "nothing")));
});
