import { deepEqual, equal, throws } from "node:assert/strict";
import type { CgroupHost, Hierarchy } from "../../../cgroups/index.ts";
import { detectHost } from "../../../cgroups/index.ts";
import { checkHostLimits, limitsOf, oomScoreOf } from "../../../runtime/container/limits.ts";

const MIB = 2 ** 20;

describe("a container's limits", () => {
  /** A host that can do everything, whatever this machine can. */
  const host: CgroupHost = { ...detectHost(), swapAccounting: true, lowestOomScoreAdj: -1000 };

  it("are what HostConfig asks for, in the units of the limits layer", () => {
    deepEqual(limitsOf({ Memory: 64 * MIB, MemorySwap: -1, NanoCpus: 5e8, PidsLimit: 10 }), {
      memory: 64 * MIB,
      memorySwap: "max",
      cpus: 0.5,
      pids: 10,
    });
    deepEqual(limitsOf({ Memory: 0, MemorySwap: 0, NanoCpus: 0, OomScoreAdj: 0 }), {});
  });

  it("have twice the memory for memory and swap, unless the request says otherwise", () => {
    equal(checkHostLimits({ Memory: 64 * MIB }, host).hostConfig.MemorySwap, 128 * MIB);
    equal(checkHostLimits({ Memory: 64 * MIB, MemorySwap: 64 * MIB }, host).hostConfig.MemorySwap, 64 * MIB);
    equal(checkHostLimits({}, host).hostConfig.MemorySwap, undefined);
  });

  it("come with a warning where the host does not count swap and nobody asked for it", () => {
    const { hostConfig, warnings } = checkHostLimits({ Memory: 64 * MIB }, { ...host, swapAccounting: false });
    equal(hostConfig.MemorySwap, -1);
    deepEqual(warnings, [
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    ]);
  });

  it("are refused with Docker's texts", () => {
    throws(() => checkHostLimits({ Memory: 1000 }, host), {
      message: "Minimum memory limit allowed is 6MB",
      status: 400,
    });
    throws(
      () => checkHostLimits({ NanoCpus: 1e9, CpuPeriod: 1000 }, host),
      /Nano CPUs and CPU Period cannot both be set/,
    );
  });

  it("are refused for swap alone where memory and swap are counted together", () => {
    const memory: Hierarchy = { version: 1, directory: "/m", controllers: ["memory"] };
    const v1 = { ...host, controllers: new Map([...host.controllers, ["memory", memory]]) };
    throws(() => checkHostLimits({ Swap: MIB }, v1), /swap alone cannot be limited without/);
    equal(checkHostLimits({ Swap: MIB, Memory: 64 * MIB }, host).hostConfig.MemorySwap, undefined);
  });

  it("have no limit of kernel memory any more, which is told", () => {
    const { hostConfig, warnings } = checkHostLimits({ KernelMemory: MIB }, host);
    deepEqual([hostConfig, warnings.length], [{}, 1]);
  });

  it("do not need a right that the engine lacks for a score that nobody asked for", () => {
    equal(oomScoreOf({ OomScoreAdj: 0 }, host), 0);
    equal(oomScoreOf({}, { ...host, lowestOomScoreAdj: 300 }), 300);
    equal(oomScoreOf({ OomScoreAdj: -500 }, host), -500);
  });
});
