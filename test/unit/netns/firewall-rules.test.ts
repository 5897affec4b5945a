import assert from "node:assert/strict";
import { CtrError } from "../../../lib/errors.ts";
import type { Family } from "../../../netns/firewall/checks.ts";
import {
  type Entry,
  entriesOfGrant,
  entriesOfNetwork,
  entriesOfPort,
  entryKey,
  portKey,
} from "../../../netns/firewall/entries.ts";
import { PortGroups } from "../../../netns/firewall/iptables/port-groups.ts";
import { Saved } from "../../../netns/firewall/iptables/saved.ts";
import {
  deltaScript as iptablesDelta,
  removeScript as iptablesRemoval,
  replaceScript,
  ruleCounts,
} from "../../../netns/firewall/iptables/scripts.ts";
import type { Delta } from "../../../netns/firewall/ledger.ts";
import { deltaScript } from "../../../netns/firewall/nftables/elements.ts";
import { parseTable } from "../../../netns/firewall/nftables/listing.ts";
import { emptyScript, ensureScript } from "../../../netns/firewall/nftables/table.ts";
import { parseNftOutput } from "../../../netns/firewall/nftables/transport.ts";
import type { FirewallNetwork } from "../../../netns/firewall/types.ts";
import { network, port } from "./firewall-fixture.ts";

const lines = (script: string): string[] => script.trimEnd().split("\n");
const nft = (entries: readonly Entry[]): string[] =>
  lines(deltaScript({ add: entries, remove: [] }, "apart")).map((line) => line.replace("add element inet ctr ", ""));
const ofNetwork = (options: Partial<FirewallNetwork> = {}) => entriesOfNetwork({ ...network, ...options }, [4, 6]);
const kinds = (entries: readonly Entry[]): string[] => entries.map(({ kind, family }) => `${kind}${family}`);

describe("firewall entries", () => {
  it("of a network are a handful for each family that is looked after", () => {
    const ofFamily = (family: number) => [`bridge`, `pair`, `subnet`, `masquerade`].map((kind) => `${kind}${family}`);
    assert.deepEqual(kinds(ofNetwork()), [...ofFamily(4), ...ofFamily(6)]);
    assert.deepEqual(kinds(entriesOfNetwork(network, [6])), ofFamily(6));
    assert.deepEqual(entriesOfNetwork(network, []), []);
  });

  it("say what is particular to a network", () => {
    const { subnet6: _, ...ipv4Only } = network;
    assert.deepEqual(kinds(entriesOfNetwork(ipv4Only, [6])), ["bridge6", "pair6", "closed6"]);
    const kinds4 = (options: Partial<FirewallNetwork>) => kinds(entriesOfNetwork({ ...network, ...options }, [4]));
    assert.deepEqual(kinds4({ icc: false, internal: true }), ["bridge4", "internal4", "subnet4"]);
    assert.deepEqual(kinds4({ gatewayMode4: "isolated" }), ["bridge4", "internal4", "pair4", "subnet4"]);
    assert.deepEqual(kinds4({ gatewayMode4: "routed" }), ["bridge4", "pair4", "routed4", "subnet4"]);
    assert.deepEqual(kinds4({ masquerade4: false }), ["bridge4", "pair4", "subnet4"]);
    assert.deepEqual(kinds4({ snat4: "192.0.2.9" }), ["bridge4", "pair4", "subnet4", "snat4"]);
    assert(kinds4({ gatewayMode4: "nat-unprotected" }).includes("unprotected4"));
  });

  it("of a port depend on the network that it leads into", () => {
    const of = (options: Partial<FirewallNetwork>) => kinds(entriesOfPort(port(), { ...network, ...options }, [4, 6]));
    assert.deepEqual(of({}), ["hostPort4"]);
    assert.deepEqual(of({ gatewayMode4: "routed" }), ["open4"]);
    assert.deepEqual(of({ gatewayMode6: "routed" }), ["hostPort4"]);
    assert.deepEqual(of({ trustedInterfaces: ["eth1", "eth2"] }), ["hostPort4", "open4", "open4"]);
    assert.deepEqual(entriesOfPort(port(), network, [6]), []);
  });

  it("of a port that is open at the container's own address hold for every interface, once", () => {
    const direct = port({ direct: true });
    const [, open, ...others] = entriesOfPort(direct, { ...network, trustedInterfaces: ["eth1"] }, [4, 6]);
    assert.deepEqual([open?.kind, open?.kind === "open" && open.from, others], ["open", undefined, []]);
    assert.deepEqual(kinds(entriesOfPort(direct, { ...network, gatewayMode4: "routed" }, [4, 6])), ["open4"]);
  });

  it("tell ports apart by where they are taken, not by where they lead", () => {
    assert.equal(portKey(port()), portKey(port({ hostIp: "0.0.0.0", address: "172.17.0.9" })));
    const others = [port({ hostIp: "127.0.0.1" }), port({ protocol: "sctp" }), port({ hostIp: "::" })];
    for (const other of others) assert.notEqual(portKey(port()), portKey(other));
    assert.notEqual(portKey(port({ hostPort: 0 })), portKey(port({ hostPort: 0, address: "172.17.0.9" })));
  });

  it("of a grant are for the families that its ends have", () => {
    const ends = { from: { bridge: "a" }, to: { bridge: "b" } };
    assert.deepEqual(kinds(entriesOfGrant(ends, [4, 6])), ["pair4", "pair6"]);
    assert.deepEqual(kinds(entriesOfGrant({ ...ends, protocol: "tcp", port: 1 }, [4, 6])), ["grant4", "grant6"]);
    assert.deepEqual(kinds(entriesOfGrant({ ...ends, to: { bridge: "b", address: "fd00::2" } }, [4, 6])), ["grant6"]);
  });

  it("have keys that tell them apart", () => {
    const all = [
      ...ofNetwork({ gatewayMode4: "routed" }),
      ...ofNetwork({ bridge: "ctr1", subnet4: "10.0.0.0/8", subnet6: "fd01::/64", internal: true }),
      ...entriesOfPort(port(), { ...network, trustedInterfaces: ["eth1", "eth2"] }, [4, 6]),
      ...entriesOfPort(port({ hostIp: "127.0.0.1" }), network, [4, 6]),
      ...entriesOfPort(port({ hostIp: "::", address: "fd00::2" }), network, [4, 6]),
      ...entriesOfGrant({ from: { bridge: "a" }, to: { bridge: "b" }, protocol: "tcp", port: 1 }, [4, 6]),
      ...entriesOfGrant({ from: { bridge: "a", address: "10.0.0.1" }, to: { bridge: "b" } }, [4, 6]),
      ...entriesOfGrant({ from: { bridge: "a" }, to: { bridge: "b", address: "10.0.0.1" } }, [4, 6]),
    ];
    assert.equal(new Set(all.map(entryKey)).size, all.length);
  });

  const ends = { from: { bridge: "a" }, to: { bridge: "b" } };
  for (const [what, broken] of [
    ["an interface name with a quote", () => ofNetwork({ bridge: 'a" }' })],
    ["an interface name that is a pattern of nft", () => ofNetwork({ bridge: "ctr*" })],
    ["an interface name that is a pattern of iptables", () => ofNetwork({ bridge: "ctr+" })],
    ["an interface name that is an option", () => ofNetwork({ bridge: "-j" })],
    ["a subnet that is none", () => ofNetwork({ subnet4: "172.17.0.0/33" })],
    ["an IPv4 subnet for IPv6", () => ofNetwork({ subnet6: "172.17.0.0/16" })],
    ["two subnets in one", () => ofNetwork({ subnet4: "172.17.0.0/16/24" })],
    ["a source address of the other family", () => ofNetwork({ snat4: "fd00::1" })],
    ["a container address of the other family", () => entriesOfPort(port({ hostIp: "::1" }), network, [4, 6])],
    ["a container address that is none", () => entriesOfPort(port({ address: "web" }), network, [4, 6])],
    ["an address with a zone", () => entriesOfPort(port({ hostIp: "fe80::1%eth0" }), network, [4, 6])],
    ["port 65536", () => portKey(port({ hostPort: 65536 }))],
    ["port 0 of the host, but in a routed network", () => entriesOfPort(port({ hostPort: 0 }), network, [4, 6])],
    ["a grant with a port and no protocol", () => entriesOfGrant({ ...ends, port: 80 }, [4, 6])],
    [
      "a grant between families",
      () =>
        entriesOfGrant({ from: { bridge: "a", address: "10.0.0.1" }, to: { bridge: "b", address: "fd00::1" } }, [4, 6]),
    ],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.throws(broken, (error) => error instanceof CtrError && error.code === "CTR_FIREWALL_INVALID");
    });
  }
});

describe("firewall elements of nftables", () => {
  it("say a network and its ports", () => {
    assert.deepEqual(nft(entriesOfNetwork({ ...network, snat6: "2001:db8::9" }, [4, 6])), [
      'bridges { ipv4 . "ctr0" comment "front" }',
      'pairs { ipv4 . "ctr0" . "ctr0" comment "front" }',
      'subnets4 { 172.17.0.0/16 comment "front" }',
      'masq4 { 172.17.0.0/16 comment "front" }',
      'bridges { ipv6 . "ctr0" comment "front" }',
      'pairs { ipv6 . "ctr0" . "ctr0" comment "front" }',
      'subnets6 { fd00::/64 comment "front" }',
      'snat6 { fd00::/64 comment "front" : 2001:db8::9 }',
    ]);
    const ports = [
      port(),
      port({ hostIp: "127.0.0.1", protocol: "udp" }),
      port({ hostIp: "::", address: "fd00::2" }),
      port({ hostIp: "2001:db8::1", address: "fd00::2" }),
    ];
    const trusting = { ...network, trustedInterfaces: ["eth1"] };
    assert.deepEqual(nft(ports.flatMap((each) => entriesOfPort(each, undefined, [4, 6]))), [
      'hp4 { tcp . 8080 comment "web" : 172.17.0.2 . 80 }',
      'hp4addr { 127.0.0.1 . udp . 8080 comment "web" : 172.17.0.2 . 80 }',
      'hp6 { tcp . 8080 comment "web" : fd00::2 . 80 }',
      'hp6addr { 2001:db8::1 . tcp . 8080 comment "web" : fd00::2 . 80 }',
    ]);
    assert.equal(
      nft(entriesOfPort(port(), trusting, [4]))[1],
      'trusted4 { "eth1" . 172.17.0.2 . tcp . 80 comment "web" }',
    );
  });

  it("say each shape of a grant", () => {
    const [a, b] = [{ bridge: "a" }, { bridge: "b" }];
    const [c, d] = [
      { bridge: "a", address: "10.0.0.1" },
      { bridge: "b", address: "10.0.1.1" },
    ];
    const service = { protocol: "tcp", port: 80, owner: "7" } as const;
    const all = [
      { from: c, to: d, ...service },
      { from: c, to: b, ...service },
      { from: a, to: d, ...service },
      { from: a, to: b, ...service },
      { from: c, to: d, owner: "8" },
      { from: c, to: b, owner: "8" },
      { from: a, to: d, owner: "8" },
    ];
    assert.deepEqual(nft(all.flatMap((grant) => entriesOfGrant(grant, [4]))), [
      'cc4_port { "a" . 10.0.0.1 . 10.0.1.1 . tcp . 80 comment "7" }',
      'cn4_port { "a" . 10.0.0.1 . "b" . tcp . 80 comment "7" }',
      'nc4_port { "a" . 10.0.1.1 . tcp . 80 comment "7" }',
      'pairs_port { ipv4 . "a" . "b" . tcp . 80 comment "7" }',
      'cc4 { "a" . 10.0.0.1 . 10.0.1.1 comment "8" }',
      'cn4 { "a" . 10.0.0.1 . "b" comment "8" }',
      'nc4 { "a" . 10.0.1.1 comment "8" }',
    ]);
  });

  it("are removed by their keys, before others are added", () => {
    const [entry] = entriesOfPort(port(), network, [4]);
    assert(entry);
    assert.deepEqual(lines(deltaScript({ add: [entry], remove: [entry] }, "apart")), [
      "delete element inet ctr hp4 { tcp . 8080 }",
      'add element inet ctr hp4 { tcp . 8080 comment "web" : 172.17.0.2 . 80 }',
    ]);
  });

  it("of one set are written in one statement, unless an error has to name one of them", () => {
    const entries = [port(), port({ hostPort: 8443 }), port({ hostPort: 53, protocol: "udp" })].flatMap((each) =>
      entriesOfPort(each, { ...network, trustedInterfaces: ["eth1"] }, [4]),
    );
    assert.deepEqual(lines(deltaScript({ add: [], remove: entries }, "together")), [
      "delete element inet ctr hp4 { tcp . 8080, tcp . 8443, udp . 53 }",
      'delete element inet ctr trusted4 { "eth1" . 172.17.0.2 . tcp . 80, "eth1" . 172.17.0.2 . tcp . 80, "eth1" . 172.17.0.2 . udp . 80 }',
    ]);
    assert.equal(lines(deltaScript({ add: entries, remove: [] }, "apart")).length, 6);
  });

  it("have comments within the kernel's limit, and free of what could end them", () => {
    const [statement = ""] = nft(entriesOfPort(port({ owner: `a" }\nflush ruleset${"x".repeat(200)}` }), network, [4]));
    const comment = /comment "([^"]*)"/.exec(statement)?.[1] ?? "";
    assert.equal(comment.length, 127);
    assert.match(comment, /^a_ __flush rulesetx+$/);
  });

  it("stay, as the administrator's chain does, when the constant part is ensured", () => {
    const script = ensureScript();
    const chains = new Set([...script.matchAll(/^ {2}chain (\w+)/gm)].map(([, name = ""]) => name));
    assert(chains.delete("user"));
    for (const chain of chains) assert(script.includes(`flush chain inet ctr ${chain}\n`));
    assert.doesNotMatch(script, /delete|flush (map|set|table)|flush chain inet ctr user/);
    const sets = [...script.matchAll(/^ {2}(?:set|map) (\w+)/gm)].map(([, name = ""]) => name);
    assert.deepEqual(
      lines(emptyScript()).map((line) => line.split(" ").at(-1)),
      sets,
    );
  });
});

/** As the first change of a host. */
const firstDelta = (delta: Delta, family: Family): string =>
  iptablesDelta(delta, family, new PortGroups().changeOf(delta, family));

describe("firewall rules of iptables", () => {
  it("are one transaction for each table that changes, and none for the other family", () => {
    const add = entriesOfPort(port(), { ...network, trustedInterfaces: ["eth1"] }, [4, 6]);
    assert.deepEqual(lines(firstDelta({ add, remove: [] }, 4)), [
      "*nat",
      ":CTR-P-tcp-8064 - [0:0]",
      '-A CTR-P-tcp-8064 -p tcp -m tcp --dport 8080 -m comment --comment "web" -j DNAT --to-destination 172.17.0.2:80',
      "-A CTR-PORTS -p tcp -m tcp --dport 8064:8127 -g CTR-P-tcp-8064",
      "COMMIT",
      "*filter",
      '-A CTR-OPEN -i eth1 -d 172.17.0.2 -p tcp -m tcp --dport 80 -m comment --comment "web" -j ACCEPT',
      "COMMIT",
    ]);
    assert.equal(firstDelta({ add, remove: [] }, 6), "");
    const six = entriesOfPort(port({ hostIp: "2001:db8::1", address: "fd00::2" }), network, [4, 6]);
    assert.deepEqual(
      lines(firstDelta({ add: [], remove: six }, 6))[1]?.split(" -m comment ")[0],
      "-D CTR-A-tcp-8064 -d 2001:db8::1 -p tcp -m tcp --dport 8080",
    );
    assert.match(firstDelta({ add: six, remove: [] }, 6), /--to-destination \[fd00::2\]:80\n/);
  });

  it("put ports into groups, which are there while they hold one", () => {
    const of = (hostPort: number) => entriesOfPort(port({ hostPort }), network, [4]);
    const groups = new PortGroups();
    const change = (delta: Delta) => {
      const { opened, closed } = groups.changeOf(delta, 4);
      groups.commit(delta);
      return [opened, closed].map((list) => list.map(({ chain }) => chain));
    };
    assert.deepEqual(change({ add: of(8064), remove: [] }), [["CTR-P-tcp-8064"], []]);
    assert.deepEqual(change({ add: of(8127), remove: [] }), [[], []]);
    assert.deepEqual(change({ add: of(8128), remove: of(8064) }), [["CTR-P-tcp-8128"], []]);
    const delta = { add: [], remove: [...of(8127), ...of(8128)] };
    assert.deepEqual(lines(iptablesDelta(delta, 4, groups.changeOf(delta, 4))).slice(-3), [
      "-X CTR-P-tcp-8064",
      "-X CTR-P-tcp-8128",
      "COMMIT",
    ]);
    assert.deepEqual(change(delta), [[], ["CTR-P-tcp-8064", "CTR-P-tcp-8128"]]);
  });

  it("remove groups of a former run that hold nothing any more", () => {
    const saved = new Saved("*nat\n:CTR-PORTS - [0:0]\n:CTR-P-tcp-64 - [0:0]\n:CTR-P-tcp-8064 - [0:0]\nCOMMIT\n");
    const script = replaceScript(entriesOfPort(port(), network, [4]), 4, saved);
    assert.deepEqual(
      lines(script).filter((line) => /^(-X|:.*-P-)/.test(line)),
      [":CTR-P-tcp-64 - [0:0]", ":CTR-P-tcp-8064 - [0:0]", "-X CTR-P-tcp-64"],
    );
  });

  const foreign =
    "*filter\n:FORWARD DROP [0:0]\n:CTR-USER - [0:0]\n-A FORWARD -j CTR-USER\n-A FORWARD -j CTR-FORWARD\n-A FORWARD -i x -j CTR-FORWARD\nCOMMIT\n";

  it("replace their chains and enter them once, and leave the administrator's chain", () => {
    const script = replaceScript(ofNetwork(), 4, new Saved(foreign));
    assert.doesNotMatch(script, /:CTR-USER|-F /);
    const filter = script.slice(script.indexOf("*filter"));
    assert.match(filter, /-D FORWARD -j CTR-USER\n-D FORWARD -j CTR-FORWARD\n-D FORWARD -i x -j CTR-FORWARD\n/);
    assert.match(filter, /-I FORWARD -j CTR-FORWARD\n-I FORWARD -j CTR-USER\n/);
    assert.match(replaceScript([], 4, new Saved("")), /:CTR-USER - \[0:0\]/);
  });

  it("are removed but for the administrator's chain", () => {
    assert.equal(iptablesRemoval(new Saved("")), "");
    const script = iptablesRemoval(new Saved(`${foreign.replace("COMMIT\n", ":CTR-FORWARD - [0:0]\nCOMMIT\n")}`));
    assert.deepEqual(lines(script), [
      "*filter",
      ":CTR-FORWARD - [0:0]",
      "-D FORWARD -j CTR-FORWARD",
      "-D FORWARD -i x -j CTR-FORWARD",
      "-X CTR-FORWARD",
      "COMMIT",
    ]);
  });

  it("are known again in what iptables-save writes", () => {
    const entries = ofNetwork();
    const script = replaceScript(entries, 4, new Saved(""));
    // The kernel's answer has the same lines, those of -I as -A.
    const saved = new Saved(script.replaceAll("-I ", "-A "));
    assert(saved.isWhole(ruleCounts(entries, 4)));
    assert(!saved.isWhole(ruleCounts(ofNetwork({ internal: true }), 4)));
    assert(!new Saved(script.replaceAll("-I ", "-A ").replace("-A FORWARD -j CTR-FORWARD\n", "")).hasFrame());
    const rows = new Saved(
      '*nat\n[3:180] -A CTR-PORTS -p tcp -m comment --comment "web 1" -j DNAT --to-destination 1.2.3.4:5\n',
    ).rows();
    assert.deepEqual(rows, [
      {
        kind: "rule",
        place: "nat CTR-PORTS",
        text: "-p tcp -j DNAT --to-destination 1.2.3.4:5",
        owner: "web 1",
        packets: 3,
        bytes: 180,
      },
    ]);
  });
});

describe("nft output", () => {
  it("is read as a reason and the statement it is about", () => {
    const output = "Error: Could not process rule: File exists\nadd element inet ctr hp4 { tcp . 80 }\n   ^^^^^\n";
    assert.deepEqual(parseNftOutput(output), {
      reason: "Could not process rule: File exists",
      statement: "add element inet ctr hp4 { tcp . 80 }",
    });
    assert.deepEqual(parseNftOutput("/dev/stdin:1:1-5: Error: syntax error\nfoo bar\n^^^^^\n"), {
      reason: "syntax error",
      statement: "foo bar",
    });
  });

  it("is shown as it is when it looks like something else", () => {
    assert.deepEqual(parseNftOutput("netlink: cannot open\n"), { reason: "netlink: cannot open", statement: "" });
    assert.deepEqual(parseNftOutput(""), { reason: "unknown error", statement: "" });
  });

  it("is read as rows with owners and counters", () => {
    const table = [
      "table inet ctr {",
      "\tmap hp4 {",
      "\t\ttype inet_proto . inet_service : ipv4_addr . inet_service",
      "\t\tcounter",
      '\t\telements = { tcp . 80 counter packets 2 bytes 120 comment "a" : 10.0.0.1 . 80,',
      '\t\t\t     udp . 53 counter packets 0 bytes 0 comment "b" : 10.0.0.2 . 53 }',
      "\t}",
      "",
      "\tset closed {",
      "\t\ttype nf_proto . ifname",
      "\t}",
      "",
      "\tchain user {",
      "\t\ttcp dport { 22, 23 } accept",
      "\t}",
      "",
      "\tchain forward {",
      "\t\ttype filter hook forward priority filter; policy accept;",
      "\t\tct state invalid counter packets 5 bytes 300 drop",
      "\t}",
      "}",
    ].join("\n");
    assert.deepEqual(parseTable(table), [
      { kind: "element", place: "hp4", text: "tcp . 80 : 10.0.0.1 . 80", owner: "a", packets: 2, bytes: 120 },
      { kind: "element", place: "hp4", text: "udp . 53 : 10.0.0.2 . 53", owner: "b", packets: 0, bytes: 0 },
      { kind: "rule", place: "user", text: "tcp dport { 22, 23 } accept", owner: "user" },
      { kind: "rule", place: "forward", text: "ct state invalid drop", owner: "ctr", packets: 5, bytes: 300 },
    ]);
  });
});
