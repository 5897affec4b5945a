import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../../../lib/command.ts";
import { parseLines, parseTable } from "../../../../netns/diagnosis/snapshot/counters.ts";
import { readFileBelow } from "../../../../netns/diagnosis/snapshot/files.ts";
import { hasNftTables } from "../../../../netns/diagnosis/snapshot/iptables.ts";
import type { ReadLink } from "../../../../netns/diagnosis/snapshot/links.ts";
import { untilItRests } from "../../../../netns/diagnosis/snapshot/nftables.ts";
import { connectLinks } from "../../../../netns/diagnosis/snapshot/other-ends.ts";

describe("what a snapshot is read from", () => {
  it("counters: those that are not 0, by protocol and name", () => {
    const snmp = "Ip: Forwarding InAddrErrors OutNoRoutes\nIp: 1 0 7\nTcp: MaxConn OutRsts\nTcp: -1 3\n";
    assert.deepEqual(parseTable(snmp), {
      "Ip.Forwarding": 1,
      "Ip.OutNoRoutes": 7,
      "Tcp.MaxConn": -1,
      "Tcp.OutRsts": 3,
    });
    const snmp6 = "Ip6InReceives          \t12\nIcmp6OutMsgs     0\nUdp6NoPorts  2\nUdpLite6InErrors 1\n";
    assert.deepEqual(parseLines(snmp6), { "Ip6.InReceives": 12, "Udp6.NoPorts": 2, "UdpLite6.InErrors": 1 });
  });

  it("a ruleset: again when it changed meanwhile, and not for ever", () => {
    let lists = 0;
    const reading = (...generations: readonly number[]) => {
      const left = [...generations];
      lists = 0;
      return untilItRests(
        () => left.shift() ?? assert.fail("asked too often"),
        () => [{ list: ++lists }],
      );
    };
    assert.deepEqual(reading(7, 7), { generation: 7, nftables: [{ list: 1 }] });
    assert.deepEqual(reading(7, 8, 8, 8), { generation: 8, nftables: [{ list: 2 }] });
    assert.deepEqual(reading(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), { generation: 9, nftables: [{ list: 5 }] });
  });

  it("knows tables of iptables in nft mode by their chains", () => {
    const chain = (family: string, table: string, name: string) => [{ chain: { family, table, name } }];
    assert.ok(hasNftTables(4, chain("ip", "filter", "FORWARD")));
    assert.ok(hasNftTables(6, chain("ip6", "nat", "POSTROUTING")));
    assert.ok(!hasNftTables(4, chain("ip6", "filter", "FORWARD")));
    assert.ok(!hasNftTables(4, chain("ip", "filter", "forward")));
    assert.ok(!hasNftTables(4, [{ metainfo: {} }, { table: { family: "ip", name: "filter" } }]));
    assert.ok(!hasNftTables(4, undefined));
  });

  describe("the other end of a cable", () => {
    const link = (index: number, other: ReadLink["other"], kind = "veth") => ({ index, kind, other }) as ReadLink;

    it("is in the namespace that a number stands for, in the same one without a number", () => {
      const namespaces = [
        { key: "host", links: [link(5, { index: 2, namespaceId: 0 }), link(6, { index: 7, namespaceId: undefined })] },
        { key: "web", links: [link(2, { index: 5, namespaceId: 3 })] },
      ];
      const links = connectLinks(namespaces, (key, id) => (key === "host" && id === 0 ? "web" : undefined));
      assert.deepEqual(
        links.get("host")?.map(({ peer }) => peer),
        [
          { namespace: "web", index: 2 },
          { namespace: "host", index: 7 },
        ],
      );
      assert.deepEqual(links.get("web")?.[0]?.peer, { namespace: "host", index: 5 });
    });

    it("is found between containers by what the other one says, and stays open when two say so", () => {
      const pair = [
        { key: "a", links: [link(2, { index: 9, namespaceId: 1 })] },
        { key: "b", links: [link(9, { index: 2, namespaceId: 1 })] },
      ];
      assert.deepEqual(connectLinks(pair, () => undefined).get("a")?.[0]?.peer, { namespace: "b", index: 9 });
      const third = { key: "c", links: [link(9, { index: 2, namespaceId: 4 })] };
      const peer = connectLinks([...pair, third], () => undefined).get("a")?.[0]?.peer;
      assert.deepEqual(peer, { namespace: undefined, index: 9 });
    });

    it("is what a macvlan hangs on, which is no peer", () => {
      const namespaces = [{ key: "web", links: [link(2, { index: 3, namespaceId: 0 }, "macvlan")] }];
      const [macvlan] = connectLinks(namespaces, () => "host").get("web") ?? [];
      assert.equal(macvlan?.peer, undefined);
      assert.deepEqual(macvlan?.lower, { namespace: "host", index: 3 });
    });
  });

  describe("files of a container", () => {
    let root = "";
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), "ctr-files-"));
      mkdirSync(join(root, "etc"));
      mkdirSync(join(root, "run"));
    });
    afterEach(() => rmSync(root, { recursive: true }));

    it("are read where links lead within it, and never above it", () => {
      writeFileSync(join(root, "run/resolv.conf"), "inside");
      symlinkSync("/run/resolv.conf", join(root, "etc/resolv.conf"));
      symlinkSync("../../../../run/resolv.conf", join(root, "etc/hosts"));
      assert.equal(readFileBelow(root, "/etc/resolv.conf"), "inside");
      assert.equal(readFileBelow(root, "/etc/hosts"), "inside");
    });

    it("are read where a folder on the way is a link", () => {
      mkdirSync(join(root, "other"));
      writeFileSync(join(root, "other/hosts"), "inside");
      rmSync(join(root, "etc"), { recursive: true });
      symlinkSync("/other", join(root, "etc"));
      assert.equal(readFileBelow(root, "/etc/hosts"), "inside");
      assert.equal(readFileBelow(root, "/etc/none"), undefined);
    });

    it("are none where there is no regular file, also not a pipe that nobody writes to", async () => {
      symlinkSync("/etc/hosts", join(root, "etc/hosts"));
      await runCommand(["mkfifo", join(root, "etc/resolv.conf")]);
      assert.equal(readFileBelow(root, "/etc/hosts"), undefined);
      assert.equal(readFileBelow(root, "/etc/resolv.conf"), undefined);
      assert.equal(readFileBelow(root, "/etc/none"), undefined);
    });
  });
});
