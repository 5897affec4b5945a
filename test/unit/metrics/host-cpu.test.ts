import assert from "node:assert/strict";
import { parseHostCpu } from "../../../runtime/metrics/host-cpu.ts";

describe("host CPU time", () => {
  it("is the ticks of all CPUs, without stolen and guest time, as Docker counts", () => {
    const stat = "cpu  1 2 3 4 5 6 7 8 100 100\ncpu0 1 2 3 4 5 6 7 8 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 5\n";
    assert.deepEqual(parseHostCpu(stat), { time: 28 * 10_000_000, cpus: 2 });
  });
});
