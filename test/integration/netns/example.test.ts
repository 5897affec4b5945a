import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const EXAMPLE = join(import.meta.dirname, "../../../docs/examples/two-namespaces.ts");

describe("the example of the network layer", () => {
  it("does what it says", () => {
    const output = execFileSync("unshare", ["--net", process.execPath, EXAMPLE], { encoding: "utf8" });
    assert.deepEqual(output.trim().split("\n"), [
      "the host, by the published port: hello, 10.99.0.1",
      "the laptop, by its neighbour's address: hello, 10.99.0.3",
    ]);
  });
});
