import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { hasCapability, lowestOomScoreAdj } from "../../../cgroups/capabilities.ts";
import { detectHost } from "../../../cgroups/index.ts";
import { FakeKernel, hybridHost, legacyHost, table, unifiedHost } from "./fake-kernel.ts";

describe("detection of the host", () => {
  it("knows a host with cgroup v2 alone", () => {
    const { host } = unifiedHost();
    assert.equal(host.mode, "unified");
    assert.equal(host.unified?.directory, "/sys/fs/cgroup");
    assert.equal(host.controllers.get("memory")?.version, 2);
    assert.deepEqual(host.cpus, [0, 1, 2, 3]);
    assert.equal(host.memoryTotal, 2 ** 31);
    assert.equal(host.absent.size, 0);
    assert.equal(host.swapAccounting, true);
  });

  it("knows a hybrid host: limits through v1, life cycle through v2", () => {
    const { host } = hybridHost();
    assert.equal(host.mode, "hybrid");
    assert.equal(host.unified?.directory, "/sys/fs/cgroup/unified");
    assert.equal(host.controllers.get("memory")?.directory, "/sys/fs/cgroup/memory");
    assert.equal(host.controllers.get("name=systemd")?.version, 1);
    assert.equal(host.hierarchies.at(-1)?.version, 2);
    assert.deepEqual(host.cpus, [0, 1]);
  });

  it("knows a legacy host with joint controllers", () => {
    const { host } = legacyHost();
    assert.equal(host.mode, "legacy");
    assert.equal(host.unified, undefined);
    assert.equal(host.controllers.get("cpu"), host.controllers.get("cpuacct"));
  });

  it("says why a controller cannot be used", () => {
    assert.match(legacyHost().host.absent.get("memory") ?? "", /\/sys\/fs\/cgroup\/memory is mounted read-only/);
    assert.match(legacyHost().host.absent.get("pids") ?? "", /neither mounted nor offered/);
    const disabled = unifiedHost({
      "/sys/fs/cgroup/cgroup.controllers": "cpu io",
      "/proc/cgroups": table({ cpu: 1, memory: 0 }),
    });
    assert.match(disabled.host.absent.get("memory") ?? "", /cgroup_disable=memory/);
    assert.match(disabled.host.absent.get("cpuset") ?? "", /built without/);
    assert.deepEqual(disabled.host.cpus, [0, 1, 2, 3]);
  });

  it("sees that swap is not counted", () => {
    assert.equal(unifiedHost({ "/proc/cmdline": "quiet swapaccount=0" }).host.swapAccounting, false);
  });

  it("refuses a host without any cgroup file system", () => {
    const { kernel } = unifiedHost();
    kernel.set("/proc/self/mountinfo", "26 1 254:0 / / rw - ext4 /dev/vda rw");
    assert.throws(() => detectHost({ files: kernel, fileSystemType: () => 0 }), { code: "CTR_CGROUP_NOT_MOUNTED" });
  });

  it("leaves out a mount that is covered by another", () => {
    const { kernel } = unifiedHost();
    assert.throws(() => detectHost({ files: kernel, fileSystemType: () => 0x01021994 }), {
      code: "CTR_CGROUP_NOT_MOUNTED",
    });
  });
});

/** A kernel whose floor of oom_score_adj is below the present value. */
class FlooredKernel extends FakeKernel {
  readonly #floor: number;

  constructor(present: number, floor: number, capabilities: string) {
    super({ "/proc/self/status": `CapEff:\t${capabilities}`, "/proc/self/oom_score_adj": String(present) }, []);
    this.#floor = floor;
  }

  override write(path: string, value: string): void {
    if (Number(value) < this.#floor) throw Object.assign(new Error("EACCES"), { code: "EACCES" });
    super.write(path, value);
  }
}

describe("the lowest oom_score_adj", () => {
  const WITHOUT_SYS_RESOURCE = "000001fffeffffff";

  it("is −1000 with CAP_SYS_RESOURCE, untried", () => {
    const kernel = new FlooredKernel(0, 0, "000001ffffffffff");
    assert.equal(lowestOomScoreAdj(kernel, "/proc"), -1000);
    assert.deepEqual(kernel.writes, []);
  });

  for (const [present, floor] of [
    [0, 0],
    [0, -1000],
    [100, -500],
    [-999, -1000],
    [1000, 999],
  ] as const) {
    it(`is found by trying: present ${present}, floor ${floor}`, () => {
      const kernel = new FlooredKernel(present, floor, WITHOUT_SYS_RESOURCE);
      assert.equal(lowestOomScoreAdj(kernel, "/proc"), floor);
      assert.equal(kernel.read("/proc/self/oom_score_adj"), String(present), "put back");
    });
  }

  it("reads the capability's bit", () => {
    assert.equal(hasCapability(`CapEff:\t${WITHOUT_SYS_RESOURCE}`, 24n), false);
    assert.equal(hasCapability("CapEff:\t0000000001000000", 24n), true);
    assert.equal(hasCapability("no such line", 24n), false);
  });
});
