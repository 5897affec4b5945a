import assert from "node:assert/strict";
import fc from "fast-check";
import { type TarEntry as Archived, TarHeaders } from "../../../runtime/image/layer/tar-headers.ts";
import { TarReader } from "../../../runtime/image/layer/tar-reader.ts";
import { type TarEntry, tarOf } from "../../support/images.ts";

interface Read {
  readonly entry: Archived;
  readonly content: string;
}

/** Reads an archive in chunks of the given sizes, over and over. */
function read(archive: Buffer, sizes: readonly number[] = [archive.length]): Read[] {
  const found: { entry: Archived; chunks: Buffer[] }[] = [];
  const reader = new TarReader({
    begin: (entry) => found.push({ entry, chunks: [] }),
    data: (chunk) => found.at(-1)?.chunks.push(Buffer.from(chunk)),
    end: () => {},
  });
  for (let at = 0, turn = 0; at < archive.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(archive.subarray(at, at + size));
    at += size;
  }
  reader.finish();
  return found.map(({ entry, chunks }) => ({ entry, content: Buffer.concat(chunks).toString() }));
}

/** One ustar header block, filled by hand. */
function block(fields: Readonly<Record<number, string | Buffer>>): Buffer {
  const bytes = Buffer.alloc(512);
  for (const [at, value] of Object.entries(fields)) Buffer.from(value as string).copy(bytes, Number(at));
  bytes.write("        ", 148);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

const padded = (body: Buffer): Buffer => Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)]);

function pax(records: Readonly<Record<string, string | Buffer>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.from("\n")]);
    let length = body.length + 1;
    while (String(length).length + body.length !== length) length = String(length).length + body.length;
    return Buffer.concat([Buffer.from(String(length)), body]);
  });
  const body = Buffer.concat(lines);
  const size = body.length.toString(8).padStart(11, "0");
  return Buffer.concat([block({ 0: "pax", 124: size, 156: "x", 257: "ustar\x0000" }), padded(body)]);
}

const END = Buffer.alloc(1024);

describe("tar archives", () => {
  it("reads all kinds of entries", async () => {
    const entries: TarEntry[] = [
      { name: "etc/", type: "directory", mode: 0o1777, uid: 7, gid: 8 },
      { name: "etc/passwd", content: "root", mode: 0o4755, mtime: new Date(1_700_000_000_000) },
      { name: "etc/shadow", type: "link", linkname: "etc/passwd" },
      { name: "localtime", type: "symlink", linkname: "/usr/share/zoneinfo/UTC" },
      { name: "null", type: "character-device", devmajor: 1, devminor: 3 },
      { name: "sda", type: "block-device", devmajor: 8, devminor: 0 },
      { name: "pipe", type: "fifo" },
    ];
    const found = read(await tarOf(entries));
    assert.deepEqual(
      found.map(({ entry }) => [entry.type, entry.name, entry.linkName]),
      [
        ["directory", "etc/", ""],
        ["file", "etc/passwd", ""],
        ["link", "etc/shadow", "etc/passwd"],
        ["symlink", "localtime", "/usr/share/zoneinfo/UTC"],
        ["character", "null", ""],
        ["block", "sda", ""],
        ["fifo", "pipe", ""],
      ],
    );
    const [directory, file, , , device] = found.map(({ entry }) => entry);
    assert.deepEqual([directory?.mode, directory?.uid, directory?.gid], [0o1777, 7, 8]);
    assert.deepEqual([file?.mode, file?.size, file?.modified], [0o4755, 4, 1_700_000_000]);
    assert.deepEqual([device?.major, device?.minor], [1, 3]);
    assert.equal(found[1]?.content, "root");
  });

  it("gives the same entries whatever the chunks are", async () => {
    const file = fc.record({
      name: fc.stringMatching(/^[a-zé]{1,120}$/),
      content: fc.string({ maxLength: 1500 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 1400 }), { minLength: 1, maxLength: 4 }),
        async (files, sizes) => {
          const archive = await tarOf(files);
          const found = read(archive, sizes);
          assert.deepEqual(found, read(archive));
          assert.deepEqual(
            found.map(({ entry, content }) => [Buffer.from(entry.name, "latin1").toString(), content]),
            files.map(({ name, content }) => [name, content]),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("never fails otherwise than with a clear error on damaged archives", async () => {
    const archive = await tarOf([
      { name: "a".repeat(150), content: "x".repeat(700), pax: { "SCHILY.xattr.user.a": "b" } },
      { name: "b", type: "symlink", linkname: "a" },
    ]);
    fc.assert(
      fc.property(
        fc.nat(archive.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(archive.length),
        (at, byte, end) => {
          const damaged = Buffer.from(archive);
          damaged[at] = byte;
          try {
            read(damaged.subarray(0, end), [333]);
          } catch (error) {
            assert.equal((error as { status?: number }).status, 400, String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("keeps binary attribute values", () => {
    // cap_setuid=ep: bit 7 is set, which is no UTF-8.
    const capability = Buffer.from("0100000280000000000000000000000000000000", "hex");
    const archive = Buffer.concat([
      pax({ "SCHILY.xattr.security.capability": capability, mtime: "1700000000.25" }),
      block({ 0: "newuidmap", 124: "00000000000", 156: "0", 257: "ustar\x0000" }),
      END,
    ]);
    const [found] = read(archive);
    assert.deepEqual(found?.entry.attributes.get("security.capability"), capability);
    assert.equal(found?.entry.modified, 1_700_000_000.25);
  });

  it("keeps names that are no UTF-8", () => {
    const name = Buffer.from([0x66, 0xff, 0xfe]);
    const [found] = read(Buffer.concat([block({ 0: name, 156: "0", 257: "ustar\x0000" }), END]));
    assert.deepEqual(Buffer.from(found?.entry.name ?? "", "latin1"), name);
  });

  it("reads GNU long names, binary numbers and directories of old archives", () => {
    const long = `${"x".repeat(300)}/`;
    const number = Buffer.alloc(8);
    number.writeUInt32BE(0x8000_0000, 0);
    number.writeUInt32BE(3_000_000, 4);
    const archive = Buffer.concat([
      block({ 0: "././@LongLink", 124: (301).toString(8).padStart(11, "0"), 156: "L", 257: "ustar  \0" }),
      padded(Buffer.from(`${long}\0`)),
      block({ 0: "cut", 108: number, 156: "0", 257: "ustar  \0" }),
      END,
    ]);
    const [found] = read(archive);
    assert.equal(found?.entry.name, long);
    assert.equal(found?.entry.uid, 3_000_000);
    assert.equal(found?.entry.type, "directory");
  });

  it("joins the prefix of POSIX headers", () => {
    const [found] = read(Buffer.concat([block({ 0: "name", 156: "0", 257: "ustar\x0000", 345: "long/prefix" }), END]));
    assert.equal(found?.entry.name, "long/prefix/name");
  });

  it("refuses what is no archive, an archive that is cut off, and sparse files", async () => {
    assert.throws(() => read(Buffer.from("x".repeat(600))), {
      message: "archive/tar: invalid tar header",
      status: 400,
    });
    const archive = await tarOf([{ name: "a", content: "x".repeat(600) }]);
    assert.throws(() => read(archive.subarray(0, 900)), { message: "archive/tar: unexpected end of the archive" });
    const sparse = block({ 0: "holes", 156: "S", 257: "ustar  \0" });
    assert.throws(() => read(sparse), { message: 'archive/tar: "holes" is a sparse file' });
  });

  it("ends at two zero blocks, whatever follows", async () => {
    const archive = Buffer.concat([await tarOf([{ name: "a" }]), Buffer.from("rubbish")]);
    assert.equal(read(archive).length, 1);
    assert.equal(new TarHeaders().decode(Buffer.alloc(512)).kind, "zero");
  });
});
