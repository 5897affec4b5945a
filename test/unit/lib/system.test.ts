import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../../../lib/atomic-file.ts";
import { SystemCallError, systemCall } from "../../../lib/system/libc.ts";
import { parseMountInfo } from "../../../lib/system/mount.ts";
import { identifyProcess, isAlive, signalProcess } from "../../../lib/system/process.ts";
import { parseSignal, signalName } from "../../../lib/system/signals.ts";

describe("systemCall", () => {
  it("names the call, the object and the errno", () => {
    assert.throws(
      () => systemCall("umount2", "/no/such/place", "/no/such/place", 0),
      (error) =>
        error instanceof SystemCallError && error.code === "ENOENT" && /umount2 \/no\/such\/place/.test(error.message),
    );
  });
});

describe("parseMountInfo", () => {
  it("reads optional fields, escapes and super block options", () => {
    const line = "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n";
    assert.deepEqual(parseMountInfo(line), [
      {
        root: "/mnt1",
        target: "/mnt 2",
        options: "rw,noatime",
        type: "ext3",
        source: "/dev/root",
        superOptions: "rw,errors=continue",
      },
    ]);
  });
});

describe("processes", () => {
  it("are known by pid and start time", () => {
    const self = identifyProcess(process.pid);
    assert.ok(self !== undefined && isAlive(self));
    assert.ok(!isAlive({ ...self, startTime: self.startTime + 1 }));
  });

  it("that are gone are no error", () => {
    assert.equal(identifyProcess(0x3fffff), undefined);
    assert.equal(signalProcess(0x3fffff, 0), false);
  });
});

describe("signals", () => {
  it("are read by name, short name and number", () => {
    assert.deepEqual(["KILL", "SIGKILL", "kill", "9", "RTMIN+3", "SIGRTMAX-1"].map(parseSignal), [9, 9, 9, 9, 37, 63]);
    assert.equal(signalName(15), "SIGTERM");
  });

  for (const text of ["", "0", "65", "NOPE", "RTMIN+99", "-9"]) {
    it(`refuse «${text}»`, () =>
      assert.throws(() => parseSignal(text), { message: `invalid signal: ${text}`, status: 400 }));
  }
});

describe("writeFileAtomic", () => {
  it("replaces the content and leaves no temporary file, also when it fails", () => {
    const directory = mkdtempSync(join(tmpdir(), "ctr-atomic-"));
    try {
      const path = join(directory, "config.json");
      writeFileAtomic(path, "one");
      writeFileAtomic(path, "two", 0o600);
      assert.equal(readFileSync(path, "utf8"), "two");
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.throws(() => writeFileAtomic(join(path, "below-a-file"), "three"), { code: "ENOTDIR" });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
