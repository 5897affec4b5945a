/** What a layer's archive becomes on disk, compared with what the system's tar and the kernel's overlay say. */
import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { runCommand } from "../../../lib/command.ts";
import { systemCall } from "../../../lib/system/libc.ts";
import { TarReader } from "../../../runtime/image/layer/tar-reader.ts";
import { dockerArchiveBytes, type TarEntry, tarOf, tarOfTree } from "../../support/images.ts";
import { ImageFixture } from "./fixture.ts";

/** Everything that makes up a tree: types, modes, owners, times, devices, links, attributes, content. */
async function describeTree(directory: string): Promise<string> {
  const script = [
    "cd \"$0\" && find . -mindepth 1 -printf '%y %m %U:%G %s %T@ %n %p -> %l\\n' | sed -E 's/^(d [0-9]+ [0-9:]+) [0-9]+/\\1/' | sort -k8",
    "find . -type b -o -type c | sort | xargs -r stat -c '%n %t:%T'",
    "find . -type f -print0 | sort -z | xargs -0r sha256sum",
  ].join("\n");
  const { stdout } = await runCommand(["sh", "-c", script, directory]);
  return stdout + JSON.stringify(await attributesOf(directory), null, 1);
}

/** Extended attributes by path, as hex: the system's tar reads them. */
async function attributesOf(directory: string): Promise<Record<string, Record<string, string>>> {
  const found: Record<string, Record<string, string>> = {};
  const reader = new TarReader({
    begin: ({ name, attributes }) => {
      if (attributes.size === 0) return;
      found[name] = Object.fromEntries([...attributes].map(([key, value]) => [key, value.toString("hex")]));
    },
    data: () => {},
    end: () => {},
  });
  reader.push(await tarOfTree(directory));
  return found;
}

function setAttribute(path: string, name: string, value: Buffer): void {
  systemCall("lsetxattr", path, path, name, value, value.length, 0);
}

/** A tree with everything that a root file system may hold. */
function makeTree(directory: string): void {
  const path = (name: string): string => join(directory, name);
  mkdirSync(path("usr/bin"), { recursive: true });
  writeFileSync(path("usr/bin/passwd"), "set-user-ID");
  chmodSync(path("usr/bin/passwd"), 0o4755);
  writeFileSync(path("usr/bin/newuidmap"), "capabilities");
  // cap_setuid=ep: its bit is no valid UTF-8.
  setAttribute(
    path("usr/bin/newuidmap"),
    "security.capability",
    Buffer.from("0100000280000000000000000000000000000000", "hex"),
  );
  writeFileSync(path("empty"), "");
  mkdirSync(path(`${"long-name-".repeat(12)}/${"directory-".repeat(12)}`), { recursive: true });
  writeFileSync(path(`${"long-name-".repeat(12)}/${"directory-".repeat(12)}/${"ü".repeat(100)}`), "long");
  mkdirSync(path("tmp"));
  chmodSync(path("tmp"), 0o1777);
}

const TREE_COMMANDS = [
  "ln usr/bin/passwd usr/bin/chsh",
  "ln -s /usr/bin/passwd absolute",
  "ln -s ../../outside dangling",
  "mknod null c 1 3 && mknod disk b 8 300 && mkfifo pipe",
  "dd if=/dev/urandom of=big bs=64k count=40 status=none",
  "chown 1000:2000 usr/bin/newuidmap.copy empty && chown -h 70000:70000 absolute && chmod 2750 usr",
  // Fractions of a second that a double holds exactly; Node takes times as doubles, which are good to 0.2 µs.
  "find . -exec touch -h -d @1700000000.25 {} +",
  "touch -d 2001-02-03T04:05:06.5 empty && touch -h -d 1999-01-01 absolute && touch -d 2010-10-10 usr/bin",
];

describe("unpacked layers", () => {
  it("are what the system's tar unpacks, from plain, gzip and zstd archives", async () => {
    const directory = mkdtempSync(join(tmpdir(), "ctr-tree-"));
    try {
      mkdirSync(join(directory, "tree"));
      makeTree(join(directory, "tree"));
      writeFileSync(join(directory, "tree/usr/bin/newuidmap.copy"), "");
      await runCommand(["sh", "-ec", TREE_COMMANDS.join("\n")], { cwd: join(directory, "tree") });
      const archive = await tarOfTree(join(directory, "tree"));
      writeFileSync(join(directory, "tree.tar"), archive);
      mkdirSync(join(directory, "reference"));
      const flags = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf"];
      await runCommand(["tar", "-C", join(directory, "reference"), ...flags, join(directory, "tree.tar")]);
      const expected = await describeTree(join(directory, "reference"));
      assert.match(expected, /security\.capability/);
      for (const compress of [(bytes: Buffer): Buffer => bytes, gzipSync, zstdCompressSync]) {
        await using fixture = await ImageFixture.open();
        await fixture.images.import(Readable.from([compress(archive)]), { reference: "tree" });
        assert.equal(await describeTree(fixture.layer("tree", 0)), expected);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  /** Loads an image of these layers, mounts a container of it and returns both. */
  async function withLayers(
    layers: readonly (readonly TarEntry[])[],
    check: (fixture: ImageFixture, root: string) => void | Promise<void>,
  ): Promise<void> {
    await using fixture = await ImageFixture.open();
    const recipe = { layers: await Promise.all(layers.map(tarOf)), tags: ["test:1"] };
    await fixture.images.load(Readable.from([await dockerArchiveBytes(recipe)]), { progress: fixture.progress });
    fixture.snapshots.create("c", fixture.images.find("test:1").id);
    await check(fixture, fixture.snapshots.mount("c"));
  }

  const names = async (root: string): Promise<string[]> =>
    (await runCommand(["find", root, "-mindepth", "1", "-printf", "%P\n"])).stdout.split("\n").filter(Boolean).sort();

  it("hide what lower layers hold behind whiteouts", async () => {
    const lower: TarEntry[] = [
      { name: "gone", content: "1" },
      { name: "kept", content: "1" },
      { name: "dir/", type: "directory" },
      { name: "dir/old", content: "1" },
      { name: "whole/", type: "directory" },
      { name: "whole/x", content: "1" },
      { name: "again/", type: "directory" },
      { name: "again/old", content: "1" },
    ];
    const upper: TarEntry[] = [
      { name: ".wh.gone" },
      { name: "dir/", type: "directory" },
      { name: "dir/new", content: "2" },
      { name: "dir/.wh..wh..opq" },
      { name: ".wh.whole" },
      { name: ".wh.again" },
      { name: "again/", type: "directory" },
      { name: "again/new", content: "2" },
      { name: ".wh..wh.plnk/", type: "directory" },
    ];
    await withLayers([lower, upper], async (fixture, root) => {
      assert.deepEqual(await names(root), ["again", "again/new", "dir", "dir/new", "kept"]);
      const whiteout = lstatSync(join(fixture.layer("test:1", 1), "gone"));
      assert.ok(whiteout.isCharacterDevice() && whiteout.rdev === 0);
    });
  });

  it("never hide what the same layer brings", async () => {
    const upper: TarEntry[] = [
      { name: "a", content: "2" },
      { name: ".wh.a" },
      { name: "d/", type: "directory" },
      { name: "d/new", content: "2" },
      { name: ".wh.d" },
    ];
    await withLayers(
      [
        [
          { name: "a", content: "1" },
          { name: "d/old", content: "1" },
        ],
        upper,
      ],
      async (_, root) => {
        assert.deepEqual(await names(root), ["a", "d", "d/new"]);
        assert.equal(readFileSync(join(root, "a"), "utf8"), "2");
      },
    );
  });

  it("take the last of several entries with one name", async () => {
    const entries: TarEntry[] = [
      { name: "x", content: "first" },
      { name: "x", content: "second" },
      { name: "d/", type: "directory" },
      { name: "d/y", content: "1" },
      { name: "d", type: "symlink", linkname: "e" },
      { name: "e/", type: "directory", mode: 0o700 },
      { name: "e/z", content: "1" },
      { name: "e/", type: "directory", mode: 0o711 },
      { name: "l", type: "symlink", linkname: "/nowhere" },
      { name: "l", content: "file" },
    ];
    await withLayers([entries], async (_, root) => {
      assert.deepEqual(await names(root), ["d", "e", "e/z", "l", "x"]);
      assert.equal(readFileSync(join(root, "x"), "utf8"), "second");
      assert.equal(lstatSync(join(root, "e")).mode & 0o7777, 0o711);
      assert.equal(readFileSync(join(root, "l"), "utf8"), "file");
    });
  });

  it("keep absolute links as they are, and follow links of the layer inside of it", async () => {
    const entries: TarEntry[] = [
      { name: "usr/lib/", type: "directory" },
      { name: "lib", type: "symlink", linkname: "/usr/lib" },
      { name: "lib/a", content: "through the link" },
      { name: "usr/up", type: "symlink", linkname: "../usr/lib" },
      { name: "usr/up/b", content: "through the other" },
      { name: "/rooted", content: "a leading slash is the layer's root" },
    ];
    await withLayers([entries], async (_, root) => {
      assert.deepEqual(await names(root), ["lib", "rooted", "usr", "usr/lib", "usr/lib/a", "usr/lib/b", "usr/up"]);
      assert.equal(readlinkSync(join(root, "lib")), "/usr/lib");
    });
  });

  describe("are refused when an entry leads out of them", () => {
    // The attacks name it, so it is known before the tests run; it exists while they do.
    const outside = join(tmpdir(), `ctr-outside-${process.pid}`);
    before(() => mkdirSync(outside));
    after(() => rmSync(outside, { recursive: true, force: true }));
    const attacks: Readonly<Record<string, readonly TarEntry[]>> = {
      "by ..": [{ name: "../evil", content: "x" }],
      "by .. further down": [{ name: "a/../../evil", content: "x" }],
      "through an absolute link": [
        { name: "l", type: "symlink", linkname: outside },
        { name: "l/evil", content: "x" },
      ],
      "through a relative link": [
        { name: "l", type: "symlink", linkname: "../../../../../../../../../../tmp" },
        { name: "l/evil", content: "x" },
      ],
      "through a chain of links": [
        { name: "a/b/", type: "directory" },
        { name: "a/b/l", type: "symlink", linkname: "../../m" },
        { name: "m", type: "symlink", linkname: outside },
        { name: "a/b/l/evil", content: "x" },
      ],
      "through links in a circle": [
        { name: "l", type: "symlink", linkname: "m" },
        { name: "m", type: "symlink", linkname: "l" },
        { name: "l/evil", content: "x" },
      ],
      "by a hard link": [{ name: "evil", type: "link", linkname: "../../../../etc/passwd" }],
      "by a hard link through a link": [
        { name: "l", type: "symlink", linkname: "/etc" },
        { name: "evil", type: "link", linkname: "l/passwd" },
      ],
      "by a whiteout of ..": [{ name: "a/.wh...", content: "" }],
      "by a whiteout through a link": [
        { name: "l", type: "symlink", linkname: outside },
        { name: "l/.wh.evil", content: "" },
      ],
    };
    for (const [how, entries] of Object.entries(attacks)) {
      it(how, async () => {
        await using fixture = await ImageFixture.open();
        const archive = await tarOf(entries);
        await assert.rejects(fixture.images.import(Readable.from([archive]), {}), { status: 400 });
        assert.deepEqual(fixture.layerDirectories(), []);
        assert.deepEqual(fixture.temporaryFiles(), []);
        assert.deepEqual(fixture.images.list(), []);
        assert.equal((await runCommand(["find", outside, "-mindepth", "1"])).stdout, "");
      });
    }

    it("by a file over a link to a file", async () => {
      writeFileSync(join(outside, "victim"), "untouched");
      const link: TarEntry = { name: "l", type: "symlink", linkname: join(outside, "victim") };
      await withLayers([[link, { name: "l", content: "overwritten" }]], (_, root) => {
        assert.equal(readFileSync(join(root, "l"), "utf8"), "overwritten");
      });
      assert.equal(readFileSync(join(outside, "victim"), "utf8"), "untouched");
      rmSync(join(outside, "victim"));
    });
  });

  it("have no say in our overlay", async () => {
    const pax = { "SCHILY.xattr.trusted.overlay.opaque": "y", "SCHILY.xattr.user.colour": "red" };
    const lower: TarEntry[] = [{ name: "d/", type: "directory" }, { name: "d/seen" }];
    await withLayers([lower, [{ name: "d/", type: "directory", pax }]], async (fixture, root) => {
      assert.deepEqual(await names(root), ["d", "d/seen"]);
      const attributes = await attributesOf(fixture.layer("test:1", 1));
      assert.deepEqual(attributes, { "./d/": { "user.colour": Buffer.from("red").toString("hex") } });
    });
  });
});
