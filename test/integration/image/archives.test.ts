/** Loading and importing archives: real ones of skopeo, and damaged ones. */
import assert from "node:assert/strict";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { runCommand } from "../../../lib/command.ts";
import {
  busyboxArchive,
  digestOf,
  dockerArchiveBytes,
  type ImageRecipe,
  imageIdOf,
  type TarEntry,
  tarOf,
  temporaryFile,
} from "../../support/images.ts";
import { ImageFixture } from "./fixture.ts";

const skopeo = (...args: readonly string[]): Promise<unknown> =>
  runCommand(["skopeo", "--insecure-policy", "copy", "--quiet", ...args]);

async function twoLayers(tags: readonly string[] = ["two:1"]): Promise<ImageRecipe> {
  return { layers: [await tarOf([{ name: "a", content: "1" }]), await tarOf([{ name: "b", content: "22" }])], tags };
}

const source = (bytes: Buffer): Readable => Readable.from([bytes]);

describe("load", () => {
  it("takes in the archives of skopeo: docker-archive and oci-archive", async () => {
    for (const [kind, loaded] of [
      ["docker-archive", "Loaded image: team/box:v1\n"],
      ["oci-archive", "Loaded image: team/box:v1\n"],
    ] as const) {
      await using fixture = await ImageFixture.open();
      const path = temporaryFile(kind, ".tar");
      await skopeo(`docker-archive:${await busyboxArchive()}`, `${kind}:${path}:docker.io/team/box:v1`);
      const [image] = await fixture.images.load(createReadStream(path), fixture);
      assert.deepEqual(image?.repoTags, ["team/box:v1"]);
      assert.deepEqual(fixture.messages.at(-1), { stream: loaded });
      assert.deepEqual(image?.config.Cmd, ["sh"]);
      assert.ok(statSync(join(fixture.layer("team/box:v1", 0), "bin/busybox")).size > 100_000);
      assert.deepEqual(fixture.temporaryFiles(), []);
    }
  });

  for (const [how, compress] of [
    ["plain", (bytes: Buffer): Buffer => bytes],
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ] as const) {
    it(`takes in a ${how} archive, with plain and gzip layers`, async () => {
      await using fixture = await ImageFixture.open();
      const recipe = await twoLayers(["two:1", "localhost:5000/two:2"]);
      for (const gzip of [false, true]) {
        const [image] = await fixture.images.load(
          source(compress(await dockerArchiveBytes({ ...recipe, gzip }))),
          fixture,
        );
        assert.equal(image?.id, imageIdOf(recipe));
        assert.deepEqual(image?.repoTags, ["two:1", "localhost:5000/two:2"].sort().reverse());
        assert.equal(image?.size, 3);
      }
      assert.equal(fixture.images.list().length, 1);
    });
  }

  it("says the id of an image without a name", async () => {
    await using fixture = await ImageFixture.open();
    const recipe = await twoLayers([]);
    await fixture.images.load(source(await dockerArchiveBytes(recipe)), fixture);
    assert.deepEqual(fixture.messages.at(-1), { stream: `Loaded image ID: ${imageIdOf(recipe)}\n` });
  });

  it("reads links to equal layers, a repositories file beside, and the layout of newer versions", async () => {
    await using fixture = await ImageFixture.open();
    const layer = await tarOf([{ name: "a" }]);
    const config = JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [digestOf(layer), digestOf(layer)] },
    });
    const blob = (bytes: string | Buffer): TarEntry => ({
      name: `blobs/sha256/${digestOf(bytes).slice(7)}`,
      content: bytes,
    });
    const manifest = [{ Config: blob(config).name, RepoTags: ["new:1"], Layers: [blob(layer).name, "old/layer.tar"] }];
    const archive = await tarOf([
      blob(config),
      blob(layer),
      { name: "old/layer.tar", type: "symlink", linkname: `../${blob(layer).name}` },
      { name: "repositories", content: "{}" },
      { name: "index.json", content: '{"schemaVersion":2,"manifests":[]}' },
      { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
      { name: "manifest.json", content: JSON.stringify(manifest) },
    ]);
    const [image] = await fixture.images.load(source(archive), fixture);
    assert.equal(image?.id, digestOf(config));
    assert.equal(image?.layers.length, 2);
  });

  it("moves a name to the image that was loaded last", async () => {
    await using fixture = await ImageFixture.open();
    const first = await twoLayers();
    const second = { ...first, config: { Cmd: ["/b"] } };
    for (const recipe of [first, second]) await fixture.images.load(source(await dockerArchiveBytes(recipe)), fixture);
    assert.equal(fixture.images.find("two:1").id, imageIdOf(second));
    assert.deepEqual(fixture.images.find(imageIdOf(first)).repoTags, []);
  });

  describe("keeps nothing of an archive that", () => {
    const cut = async (): Promise<Buffer> => {
      const whole = await dockerArchiveBytes(await twoLayers());
      return whole.subarray(0, whole.length / 2);
    };
    const cutGzip = async (): Promise<Buffer> => {
      const whole = gzipSync(await dockerArchiveBytes(await twoLayers()));
      return whole.subarray(0, whole.length / 2);
    };
    const withManifest = async (change: (manifest: Record<string, unknown>) => unknown): Promise<Buffer> => {
      const recipe = await twoLayers();
      const layer = recipe.layers[0] as Buffer;
      const config = JSON.stringify({ os: "linux", rootfs: { diff_ids: [digestOf(layer)] } });
      const manifest = change({ Config: "c.json", RepoTags: ["x:1"], Layers: ["l.tar"] });
      return tarOf([
        { name: "c.json", content: config },
        { name: "l.tar", content: layer },
        { name: "other.tar", content: recipe.layers[1] as Buffer },
        { name: "manifest.json", content: JSON.stringify(manifest) },
      ]);
    };
    const broken: Readonly<Record<string, readonly [() => Promise<Buffer> | Buffer, RegExp]>> = {
      "is empty": [() => Buffer.alloc(0), /neither manifest\.json .* nor index\.json/],
      "is no archive": [() => Buffer.from("hello".repeat(500)), /invalid tar header/],
      "is cut off": [cut, /unexpected end of the archive/],
      "is a cut off gzip": [cutGzip, /damaged: unexpected end/],
      "is a damaged gzip": [
        async () => {
          const bytes = gzipSync(await dockerArchiveBytes(await twoLayers()));
          bytes.fill(0x55, 40, 200);
          return bytes;
        },
        /the compressed archive is damaged/,
      ],
      "is compressed with xz": [() => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0]), /compressed with xz/],
      "is a root file system": [async () => tarOf([{ name: "bin/sh" }]), /neither manifest\.json/],
      "has no list of images": [() => withManifest(() => ({})), /manifest\.json is not a list/],
      "lacks a layer": [() => withManifest((item) => [{ ...item, Layers: ["no.tar"] }]), /there is no file "no\.tar"/],
      "lacks the configuration": [() => withManifest((item) => [{ ...item, Config: "../c" }]), /there is no file/],
      "names too few layers": [
        () => withManifest((item) => [{ ...item, Layers: [] }]),
        /layers length mismatch: expected 1, got 0/,
      ],
      "has another layer than its configuration says": [
        () => withManifest((item) => [{ ...item, Layers: ["other.tar"] }]),
        /digest mismatch: the uncompressed layer should be/,
      ],
      "has a bad name": [() => withManifest((item) => [{ ...item, RepoTags: ["X Y"] }]), /invalid reference format/],
      "has a good image before a bad one": [
        () => withManifest((item) => [item, { ...item, Layers: ["other.tar"] }, { ...item, Config: "nowhere" }]),
        /there is no file "nowhere"/,
      ],
    };
    for (const [what, [make, message]] of Object.entries(broken)) {
      it(what, async () => {
        await using fixture = await ImageFixture.open();
        await assert.rejects(
          fixture.images.load(source(await make()), fixture),
          (error: Error & { status: number }) => {
            assert.match(error.message, message);
            assert.ok(error.status === 400 || error.status === 501, String(error.status));
            return true;
          },
        );
        assert.deepEqual(fixture.images.list(), []);
        assert.deepEqual(fixture.layerDirectories(), []);
        assert.deepEqual(fixture.temporaryFiles(), []);
      });
    }

    it("has a blob that is not what its name says", async () => {
      const path = temporaryFile("oci", ".tar");
      await skopeo(`docker-archive:${await busyboxArchive()}`, `oci-archive:${path}:x/y:1`);
      const bytes = readFileSync(path);
      const at = bytes.indexOf("sha256:", bytes.indexOf('"diff_ids"'));
      bytes[at + 10] = bytes[at + 10] === 0x61 ? 0x62 : 0x61;
      await using fixture = await ImageFixture.open();
      await assert.rejects(fixture.images.load(source(bytes), fixture), { message: /^digest mismatch: blobs\/sha256/ });
      assert.deepEqual(fixture.layerDirectories(), []);
    });
  });
});

describe("import", () => {
  it("makes an image of a root file system with changes", async () => {
    await using fixture = await ImageFixture.open();
    const archive = await tarOf([{ name: "bin/app", content: "app", mode: 0o755 }]);
    const changes = ['CMD ["/bin/app"]', "ENV A=1", "EXPOSE 80", "WORKDIR /srv", "USER 5", "LABEL x=y", "VOLUME /v"];
    const image = await fixture.images.import(source(archive), { reference: "mine", message: "by hand", changes });
    assert.deepEqual(image.repoTags, ["mine:latest"]);
    assert.equal(image.comment, "by hand");
    assert.deepEqual(image.layers, [digestOf(archive)]);
    assert.equal(image.size, 3);
    assert.deepEqual(image.config, {
      Cmd: ["/bin/app"],
      Env: ["A=1"],
      ExposedPorts: { "80/tcp": {} },
      WorkingDir: "/srv",
      User: "5",
      Labels: { x: "y" },
      Volumes: { "/v": {} },
    });
    const compressed = await fixture.images.import(source(gzipSync(archive)), {});
    assert.deepEqual(compressed.layers, image.layers);
    assert.deepEqual(compressed.repoTags, []);
    assert.equal(compressed.comment, "Imported from -");
    assert.equal(fixture.layerDirectories().length, 1);
  });

  it("keeps nothing when name, change or archive are bad", async () => {
    await using fixture = await ImageFixture.open();
    const archive = await tarOf([{ name: "a" }]);
    await assert.rejects(fixture.images.import(source(archive), { reference: "Bad" }), {
      message: /must be lowercase/,
    });
    await assert.rejects(fixture.images.import(source(archive), { reference: `a@sha256:${"a".repeat(64)}` }), {
      message: "cannot import digest reference",
    });
    await assert.rejects(fixture.images.import(source(archive), { changes: ["RUN x"] }), {
      message: "run is not a valid change command",
    });
    await assert.rejects(fixture.images.import(source(Buffer.from("x".repeat(1000))), {}), {
      message: /invalid tar header/,
    });
    assert.deepEqual(fixture.layerDirectories(), []);
    assert.deepEqual(fixture.temporaryFiles(), []);
    assert.ok(existsSync(join(fixture.dataRoot, "tmp")));
  });
});
