import assert from "node:assert/strict";
import { v1Entries, v2Entries } from "../../../cgroups/docker/kernel-stats.ts";
import { Cgroups } from "../../../cgroups/index.ts";
import { silentLogger } from "../../../lib/log.ts";
import { hybridHost, unifiedHost } from "./fake-kernel.ts";

describe("kernel stats", () => {
  it("are the kernel's own keys and entries, on v1", () => {
    const cgroups = new Cgroups({ host: hybridHost().host, parent: "/ctr", logger: silentLogger });
    cgroups.create("web", {});
    const { memory, ioBytes, ioOperations, memoryFailures } = cgroups.kernelStats("web");
    assert.equal(memory["total_inactive_file"], 2048);
    assert.deepEqual(ioBytes[0], { major: 8, minor: 0, op: "Read", value: 10 });
    assert.deepEqual([ioBytes.length, ioOperations.length, memoryFailures], [4, 2, 0]);
  });

  it("have no lists on v2 where nothing was read", () => {
    const cgroups = new Cgroups({ host: unifiedHost().host, parent: "/ctr", logger: silentLogger });
    cgroups.create("web", {});
    assert.deepEqual(cgroups.kernelStats("web").ioOperations, []);
  });

  it("are an error for a group that is gone", () => {
    const cgroups = new Cgroups({ host: hybridHost().host, parent: "/ctr", logger: silentLogger });
    assert.throws(() => cgroups.kernelStats("gone"), { code: "CTR_CGROUP_NOT_FOUND" });
  });

  it("have an entry a device and operation, without the sum of all", () => {
    assert.deepEqual(v1Entries("8:0 Read 10\n8:0 Total 30\nTotal 35"), [
      { major: 8, minor: 0, op: "Read", value: 10 },
      { major: 8, minor: 0, op: "Total", value: 30 },
    ]);
    assert.deepEqual(v2Entries("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n9:0 \n"), [
      { major: 8, minor: 0, op: "read", value: 1 },
      { major: 8, minor: 0, op: "write", value: 2 },
    ]);
  });
});
