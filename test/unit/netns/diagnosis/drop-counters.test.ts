import assert from "node:assert/strict";
import { dropCounters } from "../../../../netns/diagnosis/drops/index.ts";
import { internetChecksum } from "../../../../netns/diagnosis/probe/icmp-question.ts";
import { SnapshotView } from "../../../../netns/diagnosis/snapshot-view.ts";
import type { Snapshot } from "../../../../netns/diagnosis/types/index.ts";

describe("diagnosis: counters of lost packets", () => {
  it("lists those that mean a loss, by place, the most first", () => {
    const host = {
      key: "host",
      sysctls: { "net.ipv6.conf.ctr0.disable_ipv6": "1" },
      counters: { "Ip6.InDiscards": 8, "Ip.InAddrErrors": 3, "Ip.InReceives": 1000, "TcpExt.ListenDrops": 7 },
      conntrack: { statistics: { insert_failed: 2, found: 5 } },
      links: [
        {
          ...{ name: "up0", addresses: [], statistics: { receivedDropped: 0, sentDropped: 9 } },
          qdiscs: [{ kind: "tbf", dropped: 4 }],
        },
      ],
    };
    const view = new SnapshotView({
      namespaces: [host],
      intent: { containers: [], networks: [] },
    } as unknown as Snapshot);
    assert.deepEqual(
      dropCounters(view).map(({ place, name, value }) => `${place} ${name} ${value}`),
      [
        "host Link.up0.sentDropped 9",
        "host TcpExt.ListenDrops 7",
        "host Queue.up0.tbf 4",
        "host Ip.InAddrErrors 3",
        "host Conntrack.insert_failed 2",
      ],
    );
  });
});

describe("diagnosis: checksum of ICMP", () => {
  it("is that of RFC 1071's example, also of an odd number of bytes", () => {
    assert.equal(internetChecksum(Buffer.from("0001f203f4f5f6f7", "hex")), 0x220d);
    const odd = Buffer.from("0800000000070001ff", "hex");
    const sum = internetChecksum(odd);
    odd.writeUInt16BE(sum, 2);
    assert.equal(internetChecksum(odd), 0);
  });
});
