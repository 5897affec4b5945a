import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { applyPlan } from "../../../cgroups/apply.ts";
import { Cgroups, rowOf } from "../../../cgroups/index.ts";
import type { Write } from "../../../cgroups/write.ts";
import { silentLogger } from "../../../lib/log.ts";
import { hybridHost } from "./fake-kernel.ts";

const MIB = 2 ** 20;
const memory = "/sys/fs/cgroup/memory/ctr/a";

const write = (file: string, from: number, to: number): Write => ({
  path: `${memory}/${file}`,
  file,
  value: String(to * MIB),
  previous: String(from * MIB),
  row: rowOf("memory"),
});

describe("applying a plan", () => {
  it("rolls back in the opposite order, as the way there was the only valid one", () => {
    const { host, kernel } = hybridHost();
    const limits = { memory: 10 * MIB, memorySwap: 20 * MIB };
    new Cgroups({ host, parent: "/ctr", logger: silentLogger }).create("a", limits);
    const plan = [
      write("memory.memsw.limit_in_bytes", 20, 80),
      write("memory.limit_in_bytes", 10, 60),
      write("memory.no_such_file", 1, 2),
    ];
    assert.throws(() => applyPlan(kernel, plan), { code: "CTR_LIMIT_REFUSED", status: 501, message: /ENOENT/ });
    assert.equal(kernel.read(`${memory}/memory.limit_in_bytes`), String(10 * MIB));
    assert.equal(kernel.read(`${memory}/memory.memsw.limit_in_bytes`), String(20 * MIB));
  });

  it("says which file it could not put back", () => {
    const { host, kernel } = hybridHost();
    new Cgroups({ host, parent: "/ctr", logger: silentLogger }).create("a", {});
    const plan = [write("memory.soft_limit_in_bytes", 64, 32), write("memory.no_such_file", 1, 2)];
    const { write: original } = kernel;
    kernel.write = function (path, value) {
      if (value === String(64 * MIB)) throw Object.assign(new Error("EIO"), { code: "EIO" });
      original.call(this, path, value);
    };
    assert.throws(() => applyPlan(kernel, plan), {
      code: "CTR_LIMIT_ROLLBACK_FAILED",
      message: /could not put .*memory\.soft_limit_in_bytes back to 67108864/,
    });
  });
});
