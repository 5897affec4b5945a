/** What is particular to one backend, or to the passage from one to the other. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CtrError } from "../../../lib/errors.ts";
import { type Logger, silentLogger } from "../../../lib/log.ts";
import { RememberingFirewall } from "../../../netns/firewall/firewall.ts";
import { openFirewall } from "../../../netns/firewall/index.ts";
import { NftablesBackend } from "../../../netns/firewall/nftables/backend.ts";
import { KernelView } from "../../../netns/firewall/nftables/kernel-view.ts";
import { openLibnftables } from "../../../netns/firewall/nftables/libnftables.ts";
import { openNftCommand } from "../../../netns/firewall/nftables/nft-command.ts";
import { waitFor } from "../../support/wait.ts";
import { Hosts, UPLINK } from "./firewall-hosts.ts";
import { NETWORKS, networkOf, PORTS, portTo, WEB } from "./firewall-records.ts";
import { iptables, nftables, type Subject } from "./firewall-subjects.ts";
import { PrivateNetwork } from "./private-network.ts";

const ruleset = (): string => execFileSync("nft", ["list", "ruleset"], { encoding: "utf8", stdio: "pipe" });
/** Without counters, which go on. */
const saved = (mode: string): string =>
  [`iptables-${mode}-save`, `ip6tables-${mode}-save`]
    .map((program) => execFileSync(program, { encoding: "utf8" }).replace(/^#.*$|\[\d+:\d+\]/gm, ""))
    .join("\n");
const nft = (...statements: readonly string[]): void => {
  execFileSync("nft", ["-f", "-"], { input: statements.join("\n") });
};

for (const [name, openTransport] of [
  ["libnftables", openLibnftables],
  ["the nft program", openNftCommand],
] as const) {
  describe(`firewall nftables, through ${name}`, () => {
    it("applies whole transactions, and names the statement that the kernel refuses", () => {
      using _network = PrivateNetwork.enter();
      using firewall = new RememberingFirewall(
        new NftablesBackend(openTransport(), silentLogger),
        [4, 6],
        silentLogger,
      );
      firewall.ensure();
      firewall.sync({ networks: NETWORKS, ports: PORTS });
      const before = ruleset();
      firewall.ensure();
      assert.equal(ruleset(), before);
      nft("add element inet ctr hp4 { tcp . 9000 : 172.20.0.9 . 80 }");
      assert(!firewall.check());
      assert.throws(
        () => firewall.publish([portTo(WEB, 8099), portTo(WEB, 9000)]),
        (error) =>
          error instanceof CtrError &&
          error.message ===
            'nft: Could not process rule: File exists: add element inet ctr hp4 { tcp . 9000 comment "web" : 172.20.0.2 . 80 }',
      );
      firewall.heal();
      assert(firewall.check());
      assert.equal(ruleset(), before);
      firewall.unpublish(PORTS);
      for (const network of NETWORKS) firewall.removeNetwork(network);
      assert.doesNotMatch(ruleset(), /elements = \{ [^n]/);
    });
  });
}

describe("firewall nftables, seeing to its own", () => {
  const damages: readonly (readonly [string, string])[] = [
    ["an element is deleted", "delete element inet ctr hp4 { tcp . 8080 }"],
    ["an element is added", "add element inet ctr hp6 { tcp . 1 : fd00:20::2 . 80 }"],
    ["a set is emptied", "flush set inet ctr subnets4"],
    ["a chain is emptied", "flush chain inet ctr crossing"],
    ["a rule is put before ours", "insert rule inet ctr crossing accept"],
    ["the table sleeps", "add table inet ctr { flags dormant; }"],
    ["the table is deleted", "delete table inet ctr"],
  ];
  for (const [what, statement] of damages) {
    it(`notices that ${what}, and mends it`, () => {
      using _network = PrivateNetwork.enter();
      using firewall = nftables.open();
      firewall.ensure();
      firewall.sync({ networks: NETWORKS, ports: PORTS });
      const before = ruleset();
      nft(statement);
      assert(!firewall.check());
      assert(firewall.heal());
      assert(firewall.check());
      assert.equal(ruleset(), before);
    });
  }

  it("counts elements as the kernel does, where the kernel does not say", () => {
    using _network = PrivateNetwork.enter();
    using firewall = nftables.open();
    firewall.ensure();
    firewall.sync({ networks: NETWORKS, ports: PORTS });
    using kernel = KernelView.open();
    const counts = ["subnets4", "subnets6", "masq4", "snat4", "hp4", "hp4addr", "hp6", "trusted4", "cc4"].map(
      (name) => [name, kernel.countElements(name)],
    );
    const expected = { subnets4: 6, subnets6: 5, masq4: 2, snat4: 1, hp4: 3, hp4addr: 2, hp6: 2, trusted4: 1, cc4: 0 };
    assert.deepEqual(Object.fromEntries(counts), expected);
  });

  it("is not disturbed by others' changes, nor by the administrator's rules", () => {
    using _network = PrivateNetwork.enter();
    using firewall = nftables.open();
    firewall.ensure();
    firewall.sync({ networks: NETWORKS, ports: PORTS });
    nft("add table ip other", "add rule inet ctr user counter");
    assert(firewall.check());
    firewall.unpublish([portTo(WEB, 8080)]);
    nft("add chain ip other some");
    assert(firewall.check());
  });

  it("gives the next engine the administrator's rules", () => {
    using network = PrivateNetwork.enter();
    const userRulesPath = join(network.directory, "user-rules.json");
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (text) => errors.push(text) };
    const open = () => openFirewall({ logger, userRulesPath });
    {
      using former = open();
      former.ensure();
      former.sync({ networks: NETWORKS, ports: PORTS });
      nft('add rule inet ctr user tcp dport 22 accept comment "mine"');
      assert(former.check());
    }
    nft("flush ruleset");
    using firewall = open();
    firewall.ensure();
    assert.match(ruleset(), /chain user \{\s+tcp dport 22 accept comment "mine"\s+\}/);
    firewall.sync({ networks: NETWORKS, ports: PORTS });
    assert.deepEqual(errors, []);
  });

  it("puts the administrator's rules back with the sets and chains of his that they name", async () => {
    using _network = PrivateNetwork.enter();
    using firewall = nftables.open();
    firewall.ensure();
    firewall.sync({ networks: NETWORKS, ports: PORTS });
    nft(
      "add set inet ctr banned { type ipv4_addr; flags interval; elements = { 203.0.113.0/24 } }",
      "add map inet ctr verdicts { type inet_service : verdict; elements = { 25 : drop } }",
      "add chain inet ctr more",
      "add rule inet ctr more tcp dport vmap @verdicts",
      'add rule inet ctr user ip saddr @banned drop comment "not @nosuch"',
      "add rule inet ctr user jump more",
    );
    assert(firewall.check());
    const before = ruleset();
    nft("flush ruleset");
    assert(!firewall.check());
    assert(firewall.heal());
    const chain = (text: string, kind: string) =>
      new RegExp(`\\t${kind} \\{[^}]*\\}`).exec(text)?.[0] ?? assert.fail(kind);
    for (const kind of ["set banned", "map verdicts", "chain more", "chain user"]) {
      assert.equal(chain(ruleset(), kind), chain(before, kind));
    }
    assert(firewall.check());
    // What he changes in them is his, and no damage.
    nft("add element inet ctr banned { 198.51.100.7 }", "add rule inet ctr more counter");
    await waitFor("the change to be seen", () => {
      assert(firewall.check());
      nft("flush ruleset");
      assert(firewall.heal());
      const isBack = ruleset().includes("198.51.100.7");
      if (!isBack) nft("add element inet ctr banned { 198.51.100.7 }");
      return isBack;
    });
  });

  it("goes on without rules of the administrator's that nobody can put back", () => {
    using network = PrivateNetwork.enter();
    const userRulesPath = join(network.directory, "user-rules.json");
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (text) => errors.push(text) };
    writeFileSync(userRulesPath, JSON.stringify({ nftables: ["add rule inet ctr user tcp dport @gone drop"] }));
    using firewall = openFirewall({ logger, userRulesPath });
    firewall.ensure();
    assert.match(ruleset(), /chain user \{\s+\}/);
    assert.deepEqual(errors, ["The administrator's own firewall rules have gone and cannot be put back."]);
    firewall.sync({ networks: NETWORKS, ports: PORTS });
    assert(firewall.check());
  });

  it("sees damage that was done just before a change of its own", () => {
    using _network = PrivateNetwork.enter();
    using firewall = nftables.open();
    firewall.ensure();
    firewall.sync({ networks: NETWORKS, ports: PORTS });
    nft("delete element inet ctr hp4 { tcp . 8080 }");
    firewall.publish([portTo(WEB, 8099)]);
    assert(!firewall.check());
  });
});

describe("firewall, after an engine with another configuration", () => {
  it("takes an address range over that overlaps the former one", () => {
    using _network = PrivateNetwork.enter();
    {
      using former = nftables.open();
      former.sync({ networks: [networkOf(0, { subnet4: "172.20.0.0/16" })], ports: [portTo(WEB, 8080)] });
    }
    using firewall = nftables.open();
    firewall.ensure();
    firewall.addNetwork(networkOf(0));
    assert.match(ruleset(), /elements = \{ 172\.20\.0\.0\/24 comment "net0" \}/);
    assert.match(ruleset(), /tcp \. 8080 .*comment "web" : 172\.20\.0\.2 \. 80/);
  });

  it("makes the table anew that another version left, but for the administrator's rules", () => {
    using _network = PrivateNetwork.enter();
    nft(
      "add table inet ctr",
      "add map inet ctr hp4 { type inet_service : ipv4_addr; }",
      "add chain inet ctr user",
      'add rule inet ctr user tcp dport 22 counter accept comment "mine"',
    );
    using firewall = nftables.open();
    firewall.ensure();
    firewall.publish([portTo(WEB, 8080)]);
    assert.match(ruleset(), /tcp \. 8080/);
    assert.match(ruleset(), /tcp dport 22 counter .*accept comment "mine"/);
  });

  it("leaves packets of a family alone that it is not to look after", async () => {
    await using hosts = await Hosts.start({ brNetfilter: false });
    hosts.bridge("ctr0", "172.20.0.1");
    const outside = await hosts.outside();
    const web = await hosts.container("ctr0", WEB, "172.20.0.1");
    await web.serve("web", 80);
    using firewall = openFirewall({ logger: silentLogger, ipv6: false });
    firewall.ensure();
    firewall.sync({ networks: [networkOf(0)], ports: [] });
    assert.equal(await outside.ask("fd00:20::2", 80), `web saw ${UPLINK.outside6}`);
    assert.equal(await outside.listenFor(WEB, 80), "silence");
    using none = openFirewall({ logger: silentLogger, ipv4: false, ipv6: false });
    none.sync({ networks: [networkOf(0)], ports: [portTo(WEB, 8080)] });
    assert(none.check());
  });
});

describe("firewall, from one backend to the other", () => {
  const subjects: readonly Subject[] = [nftables, iptables("nft"), iptables("legacy")];
  for (const former of subjects) {
    for (const next of subjects) {
      if (former === next || (former !== nftables && next !== nftables)) continue;
      it(`${former.name} to ${next.name}: the former's rules are removed`, () => {
        using _network = PrivateNetwork.enter();
        {
          using firewall = former.open();
          firewall.ensure();
          firewall.sync({ networks: NETWORKS, ports: PORTS });
        }
        using firewall = next.open();
        firewall.ensure();
        firewall.sync({ networks: NETWORKS, ports: PORTS });
        const rules = former === nftables ? ruleset() : saved(former.name.includes("nft)") ? "nft" : "legacy");
        assert.doesNotMatch(rules, former === nftables ? /table inet ctr/ : /CTR-(?!USER)/);
        assert(firewall.check());
      });
    }
  }
});

for (const mode of ["nft", "legacy"] as const) {
  describe(`firewall iptables (${mode}), among others`, () => {
    it("is before a FORWARD policy of DROP, and keeps others' rules and the rest of the tables", async () => {
      await using hosts = await Hosts.start({ brNetfilter: false });
      hosts.bridge("ctr0", "172.20.0.1");
      const outside = await hosts.outside();
      const web = await hosts.container("ctr0", WEB, "172.20.0.1");
      await web.serve("web", 80);
      await outside.serve("outside", 80);
      execFileSync(`iptables-${mode}`, ["-P", "FORWARD", "DROP"]);
      execFileSync(`iptables-${mode}`, ["-A", "FORWARD", "-i", "other", "-j", "ACCEPT"]);
      using firewall = iptables(mode).open();
      firewall.ensure();
      firewall.sync({ networks: [networkOf(0)], ports: [portTo(WEB, 8080)] });
      assert.equal(await outside.ask(UPLINK.host, 8080), `web saw ${UPLINK.outside}`);
      assert.equal(await web.ask(UPLINK.outside, 80), `outside saw ${UPLINK.host}`);
      assert.deepEqual(firewall.foreignDrops(), []);
      assert.match(saved(mode), /-A FORWARD -i other -j ACCEPT/);
    });

    it("ensures without touching rules that are whole, and syncs to the same again", () => {
      using _network = PrivateNetwork.enter();
      {
        using former = iptables(mode).open();
        former.ensure();
        former.sync({ networks: NETWORKS, ports: PORTS });
      }
      const before = saved(mode);
      using firewall = iptables(mode).open();
      firewall.ensure();
      assert.equal(saved(mode), before);
      for (const network of NETWORKS) firewall.addNetwork(network);
      firewall.sync({ networks: NETWORKS, ports: PORTS });
      assert.equal(saved(mode), before);
      assert(firewall.check());
    });

    it("refuses what is no address before it changes either family", () => {
      using _network = PrivateNetwork.enter();
      using firewall = iptables(mode).open();
      firewall.ensure();
      firewall.sync({ networks: [networkOf(0)], ports: [] });
      const before = saved(mode);
      const broken = { ...networkOf(1), snat4: "192.0.2.7", subnet4: "172.21.0.0/24", snat6: "not an address" };
      assert.throws(() => firewall.addNetwork(broken), /not an IP address/);
      assert.equal(saved(mode), before);
    });

    it("notices rules and ways into its chains that are gone, and mends them", () => {
      for (const damage of ["-t nat -F CTR-PORTS", "-D FORWARD -j CTR-FORWARD", "-t raw -F", "-I CTR-OPEN -j ACCEPT"]) {
        using _network = PrivateNetwork.enter();
        using firewall = iptables(mode).open();
        firewall.ensure();
        firewall.sync({ networks: NETWORKS, ports: PORTS });
        const before = saved(mode);
        execFileSync(`iptables-${mode}`, damage.split(" "));
        assert(!firewall.check(), damage);
        firewall.heal();
        assert(firewall.check(), damage);
        assert.equal(saved(mode), before, damage);
      }
    });
  });
}

describe("foreign drops", () => {
  it("are named: policies, last rules that refuse all, legacy tables; not chains that let pass", () => {
    using _network = PrivateNetwork.enter();
    using firewall = nftables.open();
    firewall.ensure();
    firewall.sync({ networks: [networkOf(0)], ports: [] });
    assert.deepEqual(firewall.foreignDrops(), []);
    nft(
      "table ip a { chain FORWARD { type filter hook forward priority 0; policy drop; }; }",
      "table inet b { chain f { type filter hook forward priority 10; counter reject with icmpx admin-prohibited; }; }",
      "table ip6 c { chain f { type filter hook forward priority 0; ct state invalid drop; counter drop; }; }",
      "table inet d { chain f { type filter hook forward priority 0; tcp dport 1 drop; }; }",
      "table inet e { chain i { type filter hook input priority 0; policy drop; }; }",
      "table inet g { chain f { type filter hook forward priority 0; policy drop; counter accept; }; }",
      "table inet h { chain f { type filter hook forward priority 0; counter drop; accept; }; }",
    );
    execFileSync("iptables-nft", ["-A", "FORWARD", "-j", "REJECT", "--reject-with", "icmp-host-prohibited"]);
    execFileSync("iptables-legacy", ["-A", "FORWARD", "-j", "REJECT"]);
    execFileSync("ip6tables-legacy", ["-P", "FORWARD", "DROP"]);
    assert.deepEqual(firewall.foreignDrops(), [
      "table ip a, chain FORWARD: policy drop",
      "table inet b, chain f: reject for every packet",
      "table ip6 c, chain f: drop for every packet",
      "table inet h, chain f: drop for every packet",
      "table ip filter, chain FORWARD: reject for every packet",
      "iptables-legacy table filter, chain FORWARD: reject for every packet",
      "ip6tables-legacy table filter, chain FORWARD: policy drop",
    ]);
  });

  it("are real: what we accept does not arrive while one is there", async () => {
    await using hosts = await Hosts.start({ brNetfilter: false });
    hosts.bridge("ctr0", "172.20.0.1");
    const outside = await hosts.outside();
    const web = await hosts.container("ctr0", WEB, "172.20.0.1");
    await web.serve("web", 80);
    using firewall = nftables.open();
    firewall.ensure();
    firewall.sync({ networks: [networkOf(0)], ports: [portTo(WEB, 8080)] });
    nft("table ip docker { chain FORWARD { type filter hook forward priority 0; policy drop; }; }");
    assert.equal(await outside.listenFor(UPLINK.host, 8080), "silence");
    assert.deepEqual(firewall.foreignDrops(), ["table ip docker, chain FORWARD: policy drop"]);
    nft("delete table ip docker");
    assert.equal(await outside.ask(UPLINK.host, 8080), `web saw ${UPLINK.outside}`);
  });
});
