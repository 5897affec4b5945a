/** `--storage-opt size=`: on a file system of the test's own, where the kernel has quotas of projects. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { TestEngine } from "../../support/engine.ts";
import type { PrivateHost } from "../../support/private-host.ts";

const TEXT = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option";

/** File systems that can have quotas of projects: how one is made in a file, and mounted. */
const FILE_SYSTEMS = {
  ext4: { size: "96M", make: "mkfs.ext4 -q -O quota,project -E quotatype=prjquota", option: "prjquota" },
  xfs: { size: "320M", make: "mkfs.xfs -q", option: "pquota" },
} as const;

/** Mounts one as the data root. @throws when the kernel cannot, or the program that makes it is not there */
async function mountWithQuotas(type: keyof typeof FILE_SYSTEMS, host: PrivateHost, dataRoot: string): Promise<void> {
  const image = join(host.directory, "disk");
  const { size, make, option } = FILE_SYSTEMS[type];
  const steps = [
    `for module in loop ${type} quota_v2; do modprobe -q $module || true; done`,
    `truncate -s ${size} "$0" && ${make} "$0"`,
    `mkdir -p "$1" && mount -t ${type} -o loop,${option} "$0" "$1"`,
  ];
  await host.output(["sh", "-ec", steps.join("\n"), image, dataRoot]);
}

describe("the size of a container's file system", () => {
  it("is refused in Docker's words where the file system has no quotas", async () => {
    await using engine = await TestEngine.start();
    const before = await engine.traces();
    const { exitCode, stderr } = await engine.ctr(["create", "--storage-opt", "size=1g", "busybox"]);
    assert.deepEqual([exitCode, stderr.includes(TEXT)], [125, true], stderr);
    for (const [option, text] of [
      ["size=lots", "invalid size: 'lots'"],
      ["colour=red", "Unknown option colour"],
    ] as const) {
      const refused = await engine.ctr(["create", "--storage-opt", option, "busybox"]);
      assert.ok(refused.stderr.includes(text), refused.stderr);
    }
    assert.deepEqual(await engine.traces(), before);
  });

  for (const type of ["ext4", "xfs"] as const) {
    describe(`on ${type} with quotas of projects`, () => {
      let engine: TestEngine;

      before(async function () {
        let lacks = false;
        const prepare = (host: PrivateHost, root: string) =>
          mountWithQuotas(type, host, root).catch((error: unknown) => {
            lacks = true;
            throw error;
          });
        try {
          engine = await TestEngine.start({ prepare });
        } catch (error) {
          // The kernel has no such file system, or no quotas of it.
          if (lacks) this.skip();
          throw error;
        }
      });
      after(() => engine?.[Symbol.asyncDispose]());

      const fill = (mebibytes: number): readonly string[] => [
        ...["busybox", "sh", "-c", `dd if=/dev/zero of=/big bs=1M count=${mebibytes} 2>&1; df -m / | tail -1`],
      ];

      /** xfs says that there is no space, ext4 that the quota is used up. */
      const FULL = /No space left on device|Disk quota exceeded/;

      it("is what it was asked to be, and df says so", async () => {
        const output = await engine.ctrOutput("run", "--rm", "--storage-opt", "size=8m", ...fill(20));
        assert.match(output, FULL);
        assert.match(output, /\s8\s+8\s+0 100% \//);
      });

      it("is each container's own, and no other's", async () => {
        await engine.ctrOutput("create", "--name", "small", "--storage-opt", "size=4m", ...fill(6));
        await engine.ctrOutput("create", "--name", "large", "--storage-opt", "size=16m", ...fill(6));
        assert.match(await engine.ctrOutput("start", "-a", "small"), FULL);
        assert.doesNotMatch(await engine.ctrOutput("start", "-a", "large"), FULL);
        assert.doesNotMatch(await engine.ctrOutput("run", "--rm", ...fill(6)), FULL);
        await engine.ctrOutput("rm", "small", "large");
      });

      it("holds for a new container that gets the same project", async () => {
        for (const size of [4, 12]) {
          const output = await engine.ctrOutput("run", "--rm", "--storage-opt", `size=${size}m`, ...fill(8));
          assert.equal(FULL.test(output), size === 4);
        }
      });
    });
  }
});
