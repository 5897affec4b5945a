import assert from "node:assert/strict";
import { countersOf, parseCounters } from "../../../runtime/metrics/network-counters.ts";

describe("network counters", () => {
  it("reads both directions of every interface but loopback", () => {
    const text = [
      "Inter-|   Receive                                                |  Transmit",
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
      "    lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0",
      "  eth0:12345678      90    1    2    0     0          0         0      736       8    3    4    0     0       0          0",
      "",
    ].join("\n");
    assert.deepEqual(parseCounters(text), {
      eth0: {
        rx_bytes: 12345678,
        rx_packets: 90,
        rx_errors: 1,
        rx_dropped: 2,
        tx_bytes: 736,
        tx_packets: 8,
        tx_errors: 3,
        tx_dropped: 4,
      },
    });
  });

  it("has none of a process that has ended", () => assert.deepEqual(countersOf(2 ** 22 + 1), {}));
});
