/** Finding, naming and removing images, with Docker's rules and texts. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import type { Image } from "../../../runtime/types.ts";
import { dockerArchiveBytes, tarOf } from "../../support/images.ts";
import { ImageFixture } from "./fixture.ts";

async function load(fixture: ImageFixture, content: string, ...tags: readonly string[]): Promise<Image> {
  const layers = [await tarOf([{ name: "base" }]), await tarOf([{ name: "file", content }])];
  const archive = await dockerArchiveBytes({ layers, tags });
  const [image] = await fixture.images.load(Readable.from([archive]), fixture);
  assert.ok(image !== undefined);
  return image;
}

const unused = { force: false, inUse: () => undefined };
const container = `${"c0ffee".repeat(10)}0000`;
const stopped = { force: false, inUse: () => container };
const running = { ...stopped, running: () => container };
const short = ({ id }: Image): string => id.slice(7, 19);

describe("images", () => {
  it("are found by name, id and the beginning of an id", async () => {
    await using fixture = await ImageFixture.open();
    const image = await load(fixture, "1", "app:1", "app:latest");
    const hex = image.id.slice(7);
    for (const reference of [
      "app:1",
      "app",
      "docker.io/library/app:1",
      image.id,
      hex,
      hex.slice(0, 12),
      hex.slice(0, 4),
      `sha256:${hex.slice(0, 9)}`,
    ]) {
      assert.equal(fixture.images.find(reference).id, image.id, reference);
    }
  });

  it("are missed with Docker's text", async () => {
    await using fixture = await ImageFixture.open();
    const missed: Readonly<Record<string, string>> = {
      nosuch: "No such image: nosuch:latest",
      "nosuch:1": "No such image: nosuch:1",
      "docker.io/library/nosuch": "No such image: nosuch:latest",
      "localhost:5000/x": "No such image: localhost:5000/x:latest",
      abcdef: "No such image: abcdef:latest",
      ["a".repeat(64)]: `No such image: sha256:${"a".repeat(64)}`,
      [`sha256:${"a".repeat(64)}`]: `No such image: sha256:${"a".repeat(64)}`,
    };
    for (const [reference, message] of Object.entries(missed)) {
      assert.throws(() => fixture.images.find(reference), { message, status: 404 });
    }
    assert.throws(() => fixture.images.find("No Such"), { status: 400 });
  });

  it("are told of in events, by id and with the name that it is about", async () => {
    await using fixture = await ImageFixture.open();
    const { id } = await load(fixture, "1", "app:1");
    fixture.images.tag("app:1", "app");
    await fixture.images.remove("app:1", unused);
    await fixture.images.remove("app", unused);
    const archive = await tarOf([{ name: "file" }]);
    const imported = await fixture.images.import(Readable.from([archive]), {
      reference: "own:2",
      changes: ["LABEL a=b"],
    });
    const told = fixture.events.past.map(({ Type, Action, Actor }) => [Type, Action, Actor.ID, Actor.Attributes]);
    assert.deepEqual(told, [
      ["image", "load", id, { name: id }],
      ["image", "tag", id, { name: "app:latest" }],
      ["image", "untag", id, { name: id }],
      ["image", "untag", id, { name: id }],
      ["image", "delete", id, { name: id }],
      ["image", "import", imported.id, { a: "b", name: imported.id }],
      ["image", "tag", imported.id, { a: "b", name: "own:2" }],
    ]);
  });

  it("get further names, which they take from others", async () => {
    await using fixture = await ImageFixture.open();
    const one = await load(fixture, "1", "one:1");
    const two = await load(fixture, "2", "two:1");
    fixture.images.tag("one:1", "shared");
    assert.deepEqual(fixture.images.find(one.id).repoTags, ["one:1", "shared:latest"]);
    fixture.images.tag(two.id, "shared");
    assert.deepEqual(fixture.images.find(one.id).repoTags, ["one:1"]);
    assert.equal(fixture.images.find("shared").id, two.id);
    assert.throws(() => fixture.images.tag("one:1", `a@sha256:${"a".repeat(64)}`), {
      message: "refusing to create a tag with a digest reference",
    });
    assert.throws(() => fixture.images.tag("nosuch", "a"), { status: 404 });
    assert.equal(fixture.images.list().length, 2);
  });

  it("lose a name, and go with the last one", async () => {
    await using fixture = await ImageFixture.open();
    const image = await load(fixture, "1", "app:1", "app:2");
    assert.deepEqual(await fixture.images.remove("app:1", unused), [{ Untagged: "app:1" }]);
    assert.deepEqual(await fixture.images.remove("app:2", unused), [{ Untagged: "app:2" }, { Deleted: image.id }]);
    assert.deepEqual(fixture.layerDirectories(), []);
    await assert.rejects(fixture.images.remove("app:2", unused), { message: "No such image: app:2", status: 404 });
  });

  it("go by id with all names, but not with several unless forced", async () => {
    await using fixture = await ImageFixture.open();
    const image = await load(fixture, "1", "app:1", "other:1");
    const message = `conflict: unable to delete ${short(image)} (must be forced) - image is referenced in multiple repositories`;
    await assert.rejects(fixture.images.remove(short(image), unused), { message, status: 409 });
    assert.deepEqual(await fixture.images.remove(short(image), { ...unused, force: true }), [
      { Untagged: "app:1" },
      { Untagged: "other:1" },
      { Deleted: image.id },
    ]);
  });

  it("share layers, which go with the last image that has them", async () => {
    await using fixture = await ImageFixture.open();
    await load(fixture, "1", "one:1");
    await load(fixture, "2", "two:1");
    assert.equal(fixture.layerDirectories().length, 3);
    await fixture.images.remove("one:1", unused);
    assert.equal(fixture.layerDirectories().length, 2);
    await fixture.images.remove("two:1", unused);
    assert.deepEqual(fixture.layerDirectories(), []);
  });

  it("are kept while a container uses them", async () => {
    await using fixture = await ImageFixture.open();
    const image = await load(fixture, "1", "app:1");
    const id = container.slice(0, 12);
    await assert.rejects(fixture.images.remove("app:1", stopped), {
      message: `conflict: unable to remove repository reference "app:1" (must force) - container ${id} is using its referenced image ${short(image)}`,
      status: 409,
    });
    await assert.rejects(fixture.images.remove(image.id, stopped), {
      message: `conflict: unable to delete ${short(image)} (must be forced) - image is being used by stopped container ${id}`,
    });
    await assert.rejects(fixture.images.remove(image.id, { ...running, force: true }), {
      message: `conflict: unable to delete ${short(image)} (cannot be forced) - image is being used by running container ${id}`,
    });
    assert.deepEqual(fixture.images.find("app:1"), image);
    assert.deepEqual(await fixture.images.remove("app:1", { ...running, force: true }), [{ Untagged: "app:1" }]);
    assert.deepEqual(fixture.images.find(image.id).repoTags, []);
    assert.deepEqual(await fixture.images.remove(image.id, { ...stopped, force: true }), [{ Deleted: image.id }]);
  });
});
