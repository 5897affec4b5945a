/** Every limit that this host has, on real groups: set live, read back from its file, taken away live. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { checkLimits, type LimitField, type Limits, unsetLimits } from "../../../cgroups/index.ts";
import { waitFor } from "../../support/wait.ts";
import { disk, MIB, TestGroups } from "./support.ts";

describe("every limit of this host", () => {
  const device = disk();
  const asked: Limits = {
    memory: 64 * MIB,
    swap: 16 * MIB,
    memoryHigh: 48 * MIB,
    memoryReservation: 32 * MIB,
    memorySwappiness: 7,
    oomKillDisable: true,
    oomGroup: true,
    cpus: 0.25,
    cpuShares: 512,
    cpusetCpus: "0",
    cpusetMems: "0",
    pids: 100,
    blkioWeight: 300,
    ...(device === undefined
      ? {}
      : {
          deviceReadBps: [{ device, value: 10 * MIB }],
          deviceWriteBps: [{ device, value: 20 * MIB }],
          deviceReadIops: [{ device, value: 1000 }],
          deviceWriteIops: [{ device, value: 2000 }],
        }),
  };
  /** What one version of cgroups has and this host has not is left away with a warning, as a default. */
  const possible = (groups: TestGroups): Limits =>
    checkLimits(asked, groups.host, { defaults: Object.keys(asked) as LimitField[] }).limits;

  it("is set on a live group and taken away again, one by one", async () => {
    await using groups = new TestGroups();
    groups.run("live", {}, "exec sleep 300");
    groups.cgroups.create("fresh", {});
    await waitFor("it to run", () => groups.isJoined("live"));
    const values = (id: string): Record<string, string> =>
      Object.fromEntries(groups.cgroups.read(id).map(({ file, value }) => [file.split("/").at(-1) ?? "", value]));
    const fresh = values("fresh");
    const limits = possible(groups);
    for (const [field, value] of Object.entries(limits)) {
      // Swap is told from memory only beside a limit of memory.
      const change = field === "swap" ? { memory: 64 * MIB, swap: value } : { [field]: value };
      const written = groups.cgroups.update("live", change as Limits);
      for (const { file } of written) assert.ok(existsSync(file));
      // A v1 cpuset has all memory nodes from its beginning, and most machines have one.
      if (field !== "cpusetMems") {
        assert.ok(written.length > 0, field);
        assert.notDeepEqual(values("live"), fresh, field);
      }
      groups.cgroups.update(
        "live",
        unsetLimits([field as LimitField, ...(field === "swap" ? ["memory" as const] : [])]),
      );
      assert.deepEqual(comparable(values("live")), comparable(fresh), `${field} was taken away`);
    }
    assert.equal(groups.cgroups.processes("live").length, 1);
  });

  it("is there from the first moment, all together, and is what repair restores", async () => {
    await using groups = new TestGroups();
    const limits = possible(groups);
    groups.cgroups.create("all", limits);
    const before = groups.cgroups.read("all", limits);
    for (const { file, value, limit, asked: wanted, origin } of before) {
      assert.equal(readFileSync(file, "utf8").trim(), value);
      if (wanted !== undefined) assert.equal(origin, "flag", limit);
    }
    assert.deepEqual(groups.another().repair("all", limits), [], "nothing is to be repaired");
    const pids = before.find(({ limit }) => limit === "pids");
    groups.host.files.write(pids?.file ?? "", "7");
    groups.cgroups.update("all", { memory: 128 * MIB, cpus: 0.5 }, { asked: limits });
    const repaired = groups.another().repair("all", limits);
    assert.ok(repaired.some(({ file, before: was }) => file === pids?.file && was === "7"));
    const text = (readings: typeof before): string[] => readings.map(({ file, value }) => `${file}=${value}`);
    assert.deepEqual(text(groups.cgroups.read("all", limits)), text(before));
  });

  it("refuses for a given flag what the host has not, with the way out", async () => {
    await using groups = new TestGroups();
    const isV2 = groups.host.mode === "unified";
    const refused: Limits = isV2 ? { memorySwappiness: 5 } : { memoryHigh: 64 * MIB };
    assert.throws(() => groups.cgroups.create("web", refused), { status: 501, message: /cgroup v[12]/, hint: /./ });
    assert.equal(groups.cgroups.exists("web"), false);
  });

  it("a device that the kernel does not limit is refused, and everything else undone", async () => {
    await using groups = new TestGroups();
    groups.cgroups.create("web", { pids: 5 });
    const change: Limits = { pids: 9, deviceReadBps: [{ device: "239:239", value: MIB }] };
    assert.throws(() => groups.cgroups.update("web", change), {
      code: "CTR_LIMIT_REFUSED",
      message: /^cannot set --device-read-bps: writing "239:239 (?:rbps=)?\d+/,
    });
    assert.equal(groups.enforced("web")["pids"], 5);
  });
});

/**
 * Without what may differ: swappiness has no value that means «none»; a group that had CPUs of its own then has all, where
 * v2 shows nothing for a new one; and a new group has no process with a score.
 */
function comparable(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const differing = ["memory.swappiness", "cpuset.cpus", "cpuset.mems", "oom_score_adj"];
  return Object.fromEntries(Object.entries(values).filter(([file]) => !differing.includes(file)));
}
