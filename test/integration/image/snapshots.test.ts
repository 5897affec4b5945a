/** The writable file systems of containers, with the real overlayfs. */
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { listMounts } from "../../../lib/system/mount.ts";
import type { Image } from "../../../runtime/types.ts";
import { dockerArchiveBytes, type ImageRecipe, tarOf } from "../../support/images.ts";
import { ImageFixture } from "./fixture.ts";

async function load(fixture: ImageFixture, recipe: ImageRecipe): Promise<Image> {
  const archive = Readable.from([await dockerArchiveBytes(recipe)]);
  const [image] = await fixture.images.load(archive, { progress: fixture.progress });
  assert.ok(image !== undefined);
  return image;
}

const layers = (count: number): Promise<Buffer[]> =>
  Promise.all(
    Array.from({ length: count }, (_, index) =>
      tarOf([
        { name: "top", content: String(index) },
        { name: `layer-${index}`, content: String(index) },
      ]),
    ),
  );

describe("snapshots", () => {
  it("write into a layer of their own", async () => {
    await using fixture = await ImageFixture.open();
    const image = await load(fixture, { layers: await layers(1) });
    for (const id of ["one", "two"]) fixture.snapshots.create(id, image.id);
    const one = fixture.snapshots.mount("one");
    const two = fixture.snapshots.mount("two");
    writeFileSync(join(one, "new"), "12345");
    rmSync(join(one, "top"));
    assert.deepEqual(readdirSync(one).sort(), ["layer-0", "new"]);
    assert.deepEqual(readdirSync(two).sort(), ["layer-0", "top"]);
    assert.deepEqual(await fixture.snapshots.sizes("one"), { writable: 5, rootFs: 5 + image.size });
    fixture.snapshots.unmount("one");
    fixture.snapshots.mount("one");
    assert.equal(readFileSync(join(one, "new"), "utf8"), "12345");
  });

  for (const count of [0, 60, 127]) {
    it(`mounts ${count} layers`, async () => {
      await using fixture = await ImageFixture.open();
      const image = await load(fixture, { layers: await layers(count) });
      fixture.snapshots.create("c", image.id);
      const root = fixture.snapshots.mount("c");
      assert.equal(readdirSync(root).length, count === 0 ? 0 : count + 1);
      if (count > 0) assert.equal(readFileSync(join(root, "top"), "utf8"), String(count - 1));
      writeFileSync(join(root, "written"), "");
    });
  }

  it("mounts an image that has one layer twice", async () => {
    await using fixture = await ImageFixture.open();
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = await layers(2);
    const image = await load(fixture, { layers: [first, second, first] });
    fixture.snapshots.create("c", image.id);
    assert.equal(readFileSync(join(fixture.snapshots.mount("c"), "top"), "utf8"), "0");
  });

  it("mounts under a data root whose name overlayfs would split", async () => {
    const dataRoot = mkdtempSync(join(tmpdir(), "ctr-a,b:c\\d-"));
    await using fixture = await ImageFixture.open(dataRoot);
    const image = await load(fixture, { layers: await layers(3) });
    fixture.snapshots.create("c", image.id);
    const root = fixture.snapshots.mount("c");
    writeFileSync(join(root, "new"), "");
    assert.ok(existsSync(join(dataRoot, "containers-fs/c/diff/new")));
  });

  it("mounts once, and forgives what is not there", async () => {
    await using fixture = await ImageFixture.open();
    const image = await load(fixture, { layers: await layers(1) });
    fixture.snapshots.create("c", image.id);
    const root = fixture.snapshots.mount("c");
    fixture.snapshots.mount("c");
    assert.equal(listMounts().filter(({ target }) => target === root).length, 1);
    fixture.snapshots.unmount("c");
    fixture.snapshots.unmount("c");
    await fixture.snapshots.remove("c");
    await fixture.snapshots.remove("c");
    fixture.snapshots.unmount("nobody");
    assert.throws(() => fixture.snapshots.mount("nobody"), { status: 404 });
    assert.deepEqual(readdirSync(join(fixture.dataRoot, "containers-fs")), []);
    assert.equal(listMounts().filter(({ target }) => target === root).length, 0);
  });

  it("has the root's owner and mode from the image", async () => {
    await using fixture = await ImageFixture.open();
    const layer = await tarOf([{ name: "./", type: "directory", mode: 0o700, uid: 5, gid: 6 }]);
    fixture.snapshots.create("c", (await load(fixture, { layers: [layer] })).id);
    const { mode, uid, gid } = lstatSync(fixture.snapshots.mount("c"));
    assert.deepEqual([mode & 0o7777, uid, gid], [0o700, 5, 6]);
  });

  it("keeps the layers of a removed image until its container goes", async () => {
    await using fixture = await ImageFixture.open();
    const image = await load(fixture, { layers: await layers(2), tags: ["a:1"] });
    fixture.snapshots.create("c", image.id);
    await fixture.images.remove("a:1", { force: true, inUse: () => "c" });
    assert.deepEqual(fixture.images.list(), []);
    assert.equal(fixture.layerDirectories().length, 2);
    assert.equal(readFileSync(join(fixture.snapshots.mount("c"), "top"), "utf8"), "1");
    await fixture.snapshots.remove("c");
    assert.deepEqual(fixture.layerDirectories(), []);
  });

  it("removes what a crash left behind when it is opened again", async () => {
    const fixture = await ImageFixture.open();
    const image = await load(fixture, { layers: await layers(1), tags: ["a:1"] });
    fixture.snapshots.create("kept", image.id);
    fixture.snapshots.create("lost", image.id);
    fixture.snapshots.mount("lost");
    fixture.store.run("DELETE FROM snapshots WHERE container_id = 'lost'");
    await fixture.close();
    await using again = await ImageFixture.open(fixture.dataRoot);
    assert.deepEqual(readdirSync(join(again.dataRoot, "containers-fs")), ["kept"]);
    assert.deepEqual(again.snapshots.list(), ["kept"]);
    assert.ok(existsSync(join(again.snapshots.mount("kept"), "top")));
  });
});
