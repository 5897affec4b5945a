/** A full disk and a crash while an image comes in: nothing visible is left, and the next start goes on. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runCommand } from "../../../lib/command.ts";
import { dockerArchive, dockerArchiveBytes, tarOf, temporaryFile } from "../../support/images.ts";
import { waitFor } from "../../support/wait.ts";
import { ImageFixture } from "./fixture.ts";

const program = join(import.meta.dirname, "load-program.ts");

interface Outcome {
  readonly message?: string;
  readonly hint?: string;
  readonly images?: number;
  readonly layers?: readonly string[];
  readonly files?: readonly string[];
  readonly loaded?: number;
}

/** Loads an archive into a data root on a file system of a few megabytes. */
async function loadOnto(megabytes: number, archive: string): Promise<Outcome> {
  const dataRoot = temporaryFile("full");
  mkdirSync(dataRoot);
  const script = `mount -t tmpfs -o size=${megabytes}m tmpfs "$0" && exec "$@"`;
  const argv = ["unshare", "--mount", "sh", "-ec", script, dataRoot, process.execPath, program, dataRoot, archive];
  const { stdout } = await runCommand(argv);
  rmSync(dataRoot, { recursive: true });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Outcome;
}

describe("a full disk", () => {
  it("while unpacking is a clear error that leaves nothing", async () => {
    const content = Buffer.alloc(20 * 2 ** 20);
    const layers = [await tarOf([{ name: "small" }]), await tarOf([{ name: "usr/share/big", content }])];
    const archive = temporaryFile("zeros", ".tar.gz");
    writeFileSync(archive, gzipSync(await dockerArchiveBytes({ layers, gzip: true, tags: ["x:1"] })));
    const outcome = await loadOnto(6, archive);
    assert.match(outcome.message ?? "", /^failed to register layer: write \/usr\/share\/big: no space left on device/);
    assert.match(outcome.hint ?? "", /free some space on the file system of \/.*layers/);
    assert.deepEqual([outcome.images, outcome.layers, outcome.files], [0, [], []]);
    assert.deepEqual(await loadOnto(40, archive), { loaded: 1 });
  });

  it("while the archive comes in is a clear error that leaves nothing", async () => {
    const archive = await dockerArchive({
      layers: [await tarOf([{ name: "big", content: randomBytes(8 * 2 ** 20) }])],
    });
    const outcome = await loadOnto(4, archive);
    assert.match(outcome.message ?? "", /^write \/.*\/tmp\/[0-9a-f]+: no space left on device$/);
    assert.deepEqual([outcome.images, outcome.layers, outcome.files], [0, [], []]);
  });
});

describe("a crash", () => {
  it("while unpacking leaves nothing that the next start does not remove", async () => {
    const files = Array.from({ length: 6_000 }, (_, index) => ({ name: `file-${index}`, content: "x" }));
    const archive = await dockerArchive({
      layers: [await tarOf([{ name: "first" }]), await tarOf(files)],
      tags: ["x:1"],
    });
    const dataRoot = temporaryFile("crash");
    mkdirSync(dataRoot);
    const child = spawn(process.execPath, [program, dataRoot, archive], { stdio: "ignore" });
    const gone = once(child, "exit");
    const partials = (): string[] =>
      readdirSync(join(dataRoot, "layers")).filter((name) => name.startsWith(".partial"));
    const begun = (name: string): boolean => readdirSync(join(dataRoot, "layers", name, "diff")).length > 500;
    await waitFor("the unpacking to be under way", () => partials().some(begun));
    child.kill("SIGKILL");
    await gone;
    assert.ok(partials().length > 0);
    // A crash between the renaming and the record leaves a whole layer that nobody knows.
    mkdirSync(join(dataRoot, "layers", "f".repeat(64)));
    await using fixture = await ImageFixture.open(dataRoot);
    assert.deepEqual(fixture.layerDirectories(), []);
    assert.deepEqual(fixture.temporaryFiles(), []);
    assert.deepEqual(fixture.images.list(), []);
    await fixture.images.load(createReadStream(archive), fixture);
    assert.equal(readdirSync(fixture.layer("x:1", 1)).length, files.length);
  });
});
