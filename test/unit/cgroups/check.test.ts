import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { checkLimits, formatLimit, LIMIT_ROWS, type Limits, parseLimit } from "../../../cgroups/index.ts";
import { hybridHost, legacyHost, table, unifiedHost } from "./fake-kernel.ts";

const MIB = 2 ** 20;
const { host } = hybridHost();

describe("checking limits", () => {
  for (const [limits, message] of [
    [{ memory: 6 * MIB - 1 }, "Minimum memory limit allowed is 6MB"],
    [{ memory: -5 }, "Minimum memory limit allowed is 6MB"],
    [{ memory: Number.NaN }, "Minimum memory limit allowed is 6MB"],
    [
      { memory: 64 * MIB, memorySwap: 63 * MIB },
      "Minimum memoryswap limit should be larger than memory limit, see usage",
    ],
    [{ memory: 64 * MIB, memorySwap: -7 }, "Minimum memoryswap limit should be larger than memory limit, see usage"],
    [{ memorySwap: 64 * MIB }, "You should always set the Memory limit when using Memoryswap limit, see usage"],
    [
      { memory: "max", memorySwap: 64 * MIB },
      "You should always set the Memory limit when using Memoryswap limit, see usage",
    ],
    [{ memoryReservation: MIB }, "Minimum memory reservation allowed is 6MB"],
    [
      { memory: 64 * MIB, memoryReservation: 65 * MIB },
      "Minimum memory limit can not be less than memory reservation limit, see usage",
    ],
    [{ cpus: 2.01 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
    [{ cpus: 0.001 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
    [{ cpus: -1 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
    [{ cpus: Number.NaN }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
    [{ cpus: 0.5, cpuPeriod: 1000 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
    [{ cpuPeriod: 999 }, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"],
    [{ cpuPeriod: 1_000_001 }, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"],
    [{ cpuShares: -3 }, "invalid CPU shares (-3): value must be a positive integer"],
    [{ cpuShares: 1 }, "the minimum allowed cpu-shares is 2"],
    [{ cpuShares: 262_145 }, "the maximum allowed cpu-shares is 262144"],
    [{ cpusetCpus: "0-" }, "Invalid value 0- for cpuset cpus: invalid format: 0-"],
    [{ cpusetCpus: "0,9-1" }, "Invalid value 0,9-1 for cpuset cpus: invalid format: 0,9-1"],
    [{ cpusetCpus: "99999" }, "Invalid value 99999 for cpuset cpus: value of out range, maximum is 8192"],
    [{ cpusetMems: "x" }, "Invalid value x for cpuset mems: invalid format: x"],
    [{ cpusetCpus: "0-7" }, "Requested CPUs are not available - requested 0-7, available: 0-1"],
    [{ cpusetMems: "1" }, "Requested memory nodes are not available - requested 1, available: 0"],
    [{ pids: 4_194_305 }, "invalid pids limit (4194305): the kernel takes at most 4194304"],
    [{ pids: 0.5 }, "invalid pids limit (0.5): value must be positive"],
    [{ oomScoreAdj: 1001 }, "Invalid value 1001, range for oom score adj is [-1000, 1000]"],
    [{ oomScoreAdj: -1001 }, "Invalid value -1001, range for oom score adj is [-1000, 1000]"],
  ] as const satisfies readonly (readonly [Limits, string])[]) {
    it(`refuses ${JSON.stringify(limits)} in Docker's words`, () => {
      assert.throws(() => checkLimits(limits, host), { message, status: 400 });
    });
  }

  it("takes a quota of more than all CPUs, also where the period is in force already", () => {
    assert.deepEqual(checkLimits({ cpus: 9 }, host, { asked: { cpuPeriod: 100_000 } }).warnings, []);
    assert.deepEqual(checkLimits({ cpus: 9, cpuPeriod: 100_000 }, host).warnings, []);
  });

  it("takes shares on cgroup v2 that v1 refuses", () => {
    for (const cpuShares of [1, 300_000]) checkLimits({ cpuShares }, unifiedHost().host);
  });

  it("takes what is right, at the borders", () => {
    const right: Limits[] = [
      {},
      { memory: 6 * MIB, memorySwap: 6 * MIB, memoryReservation: 6 * MIB },
      { memory: "max", memorySwap: "max" },
      { memory: 64 * MIB, memorySwap: "max" },
      { cpus: 0.01 },
      { cpus: 2, cpuPeriod: 1000 },
      { cpus: "max", cpuShares: 0, pids: 1, oomScoreAdj: -1000 },
      { cpusetCpus: "1,0", cpusetMems: "0" },
    ];
    for (const limits of right) assert.deepEqual(checkLimits(limits, host), { limits, warnings: [] });
    assert.deepEqual(checkLimits({ memorySwap: 64 * MIB }, host, { isUpdate: true }).warnings, []);
  });

  it("says which controller is absent and what to do", () => {
    assert.throws(() => checkLimits({ pids: 5 }, legacyHost().host), {
      status: 501,
      code: "CTR_LIMIT_UNSUPPORTED",
      message: /^Your kernel does not support PIDs limit .* the controller "pids", but it is neither mounted/,
      hint: /leave --pids-limit away/,
    });
    const poor = unifiedHost({ "/sys/fs/cgroup/cgroup.controllers": "io", "/proc/cgroups": table({ memory: 0 }) }).host;
    for (const limits of [{ memory: 64 * MIB }, { cpus: 1 }, { cpuShares: 2 }, { cpusetCpus: "0" }, { pids: 1 }]) {
      assert.throws(() => checkLimits(limits, poor), { status: 501 }, JSON.stringify(limits));
    }
    assert.doesNotThrow(() => checkLimits({ oomScoreAdj: 0 }, poor));
  });

  it("without swap accounting: an error for the flag, a warning for the default", () => {
    const noSwap = unifiedHost({ "/proc/cmdline": "swapaccount=0" }).host;
    assert.throws(() => checkLimits({ memory: 64 * MIB, memorySwap: 64 * MIB }, noSwap), {
      status: 501,
      message: /does not support swap limit .*swapaccount=0/,
    });
    assert.match(checkLimits({ memory: 64 * MIB }, noSwap).warnings.join(), /Memory limited without swap\.$/);
    assert.deepEqual(checkLimits({ memory: 64 * MIB, memorySwap: "max" }, noSwap).warnings, []);
  });

  it("without CFS bandwidth control refuses CPUs", () => {
    assert.throws(() => checkLimits({ cpus: 1 }, { ...host, cpuQuota: false }), /CONFIG_CFS_BANDWIDTH/);
  });

  it("names the capability that a low oom_score_adj needs", () => {
    const weak = { ...host, lowestOomScoreAdj: 0 };
    assert.throws(() => checkLimits({ oomScoreAdj: -1 }, weak), {
      status: 501,
      message: "cannot set oom_score_adj to -1: without CAP_SYS_RESOURCE it cannot go below 0",
      hint: /CAP_SYS_RESOURCE/,
    });
    assert.doesNotThrow(() => checkLimits({ oomScoreAdj: 0 }, weak));
  });
});

describe("the table of limits", () => {
  it("has a row for each, with a flag, Docker's name, a sentence, Docker's words and the way out", () => {
    const flags = new Set(LIMIT_ROWS.map(({ flag }) => flag));
    assert.equal(flags.size, LIMIT_ROWS.length);
    for (const row of LIMIT_ROWS) {
      const { flag, hostConfig, summary, controller, v1, v2, unsupported, wayOut } = row;
      assert.match(flag, /^--[a-z-]+$/);
      assert.match(hostConfig, /^[A-Z][A-Za-z]+$/);
      assert.match(summary, /^[A-Z].*\.$/);
      assert.match(unsupported, /[Yy]our kernel does not/, flag);
      // What one version alone has must say what to do on the other.
      const isOnBoth = v1 !== undefined && v2 !== undefined;
      assert.equal(controller !== undefined && !isOnBoth, wayOut !== undefined, flag);
    }
  });

  it("reads values as users write them", () => {
    assert.equal(parseLimit("memory", "64m"), 64 * MIB);
    assert.equal(parseLimit("memory", "-1"), "max");
    assert.equal(parseLimit("memorySwap", "max"), "max");
    assert.equal(parseLimit("cpus", ".5"), 0.5);
    assert.equal(parseLimit("cpus", "1.25"), 1.25);
    assert.equal(parseLimit("pids", "0"), "max");
    assert.equal(parseLimit("pids", "-1"), "max");
    assert.equal(parseLimit("pids", "12"), 12);
    assert.equal(parseLimit("cpusetCpus", "0-1"), "0-1");
    assert.equal(parseLimit("oomScoreAdj", "-500"), -500);
    assert.throws(() => parseLimit("memory", "lots"), { message: "invalid size: 'lots'" });
    for (const [text, cpus] of [
      ["1/2", 0.5],
      ["+.5", 0.5],
      ["1.", 1],
      ["5e-1", 0.5],
      ["0x3/0b10", 1.5],
    ] as const) {
      assert.equal(parseLimit("cpus", text), cpus);
    }
    for (const text of ["1/0", "", ".", "1/-2", "1e", "inf", "1e999999999", "1/2/3"]) {
      assert.throws(() => parseLimit("cpus", text), { message: `failed to parse ${text} as a rational number` });
    }
    assert.throws(() => parseLimit("cpus", "1/3"), { message: "value is too precise" });
    assert.throws(() => parseLimit("cpus", "half"), { message: "failed to parse half as a rational number" });
    assert.throws(() => parseLimit("cpus", "0.1234567891"), { message: "value is too precise" });
    for (const text of ["", "1.5", "5k", "99999999999999999999"]) {
      assert.throws(() => parseLimit("cpuShares", text), { code: "CTR_LIMIT_INVALID" }, text);
    }
  });

  it("shows values as people read them", () => {
    assert.equal(formatLimit("memory", 64 * MIB), "64MiB");
    assert.equal(formatLimit("memory", "max"), "unlimited");
    assert.equal(formatLimit("memoryReservation", 0), "none");
    assert.equal(formatLimit("cpus", 28_999 / 100_000), "0.28999");
    assert.equal(formatLimit("cpuPeriod", 100_000), "100000µs");
    assert.equal(formatLimit("cpusetCpus", "0-1"), "0-1");
    assert.equal(formatLimit("pids", 5), "5");
  });
});
