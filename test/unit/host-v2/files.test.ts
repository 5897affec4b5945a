import assert from "node:assert/strict";
import { chooseFiles } from "../../host-v2/files.ts";

const FILES = [
  "test/integration/netns/ports.test.ts",
  "test/integration/cgroups/update.test.ts",
  "test/integration/cgroups/accuracy.test.ts",
  "test/host-v2/verify.test.ts",
  "test/host-v2/limits.test.ts",
  "test/host-v2/engine.test.ts",
];

describe("files of tests for the machine with cgroup v2", () => {
  it("are those of the limits and of the engine there, in order", () => {
    assert.deepEqual(chooseFiles(FILES, { patterns: [], brief: false }), [
      ...["test/host-v2/engine.test.ts", "test/host-v2/limits.test.ts", "test/host-v2/verify.test.ts"],
      ...["test/integration/cgroups/accuracy.test.ts", "test/integration/cgroups/update.test.ts"],
    ]);
  });

  it("in brief are without those that take minutes or need the machine to themselves", () => {
    const files = ["test/host-v2/limits.test.ts", "test/integration/cgroups/update.test.ts"];
    assert.deepEqual(chooseFiles(FILES, { patterns: [], brief: true }), files);
  });

  it("are any whose path contains a pattern", () => {
    const files = ["test/host-v2/verify.test.ts", "test/integration/netns/ports.test.ts"];
    assert.deepEqual(chooseFiles(FILES, { patterns: ["netns/", "verify"], brief: false }), files);
  });
});
