import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseBundle, readBundle, writeBundle } from "../../../../netns/diagnosis/bundle.ts";
import type { Snapshot } from "../../../../netns/index.ts";

const FIXTURE = join(import.meta.dirname, "../../../fixtures/diagnosis/healthy.json");
const healthy = JSON.parse(readFileSync(FIXTURE, "utf8")) as Snapshot;

describe("a bundle", () => {
  const directory = mkdtempSync(join(tmpdir(), "ctr-bundle-"));
  after(() => rmSync(directory, { recursive: true }));

  it("is read as it was written, compressed or not, for nobody else to see", () => {
    for (const name of ["a.json", "a.json.gz"]) {
      const path = join(directory, name);
      writeBundle(path, healthy);
      assert.deepEqual(readBundle(path), healthy);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
    assert.ok(statSync(join(directory, "a.json.gz")).size * 5 < statSync(join(directory, "a.json")).size);
  });

  it("is known by its content, whatever its name", () => {
    writeBundle(join(directory, "b.gz"), healthy);
    const path = join(directory, "b.txt");
    writeFileSync(path, readFileSync(join(directory, "b.gz")));
    assert.deepEqual(readBundle(path), healthy);
  });

  it("says what is wrong with a file that is none", () => {
    const wrong = (content: unknown) => () => parseBundle(JSON.stringify(content), "x.json");
    assert.throws(() => readBundle(join(directory, "none")), /cannot read the bundle .*no such file/i);
    assert.throws(() => parseBundle("PK", "x.zip"), /x\.zip is no bundle/);
    assert.throws(wrong([]), /x\.json is no bundle: it has no schema ctr\.net\.snapshot\/1/);
    assert.throws(wrong({ ...healthy, schema: "ctr.net.snapshot/2" }), /has the schema ctr\.net\.snapshot\/2/);
    assert.throws(wrong({ ...healthy, namespaces: [] }), /x\.json is damaged: it has no state of the host/);
    const [host] = healthy.namespaces;
    assert.throws(
      wrong({ ...healthy, namespaces: [{ ...host, links: undefined }] }),
      /the state of host is not complete/,
    );
    assert.throws(wrong({ ...healthy, intent: {} }), /does not say what the engine wants/);
  });
});
