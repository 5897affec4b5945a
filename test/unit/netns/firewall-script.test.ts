import assert from "node:assert/strict";
import { CtrError } from "../../../lib/errors.ts";
import {
  addNetworkScript,
  portKey,
  publishScript,
  removeNetworkScript,
  syncScript,
  unpublishScript,
} from "../../../netns/firewall/script.ts";
import { ensureScript, replaceScript } from "../../../netns/firewall/table.ts";
import { parseNftOutput } from "../../../netns/firewall/transport.ts";
import type { FirewallNetwork, FirewallPort } from "../../../netns/firewall/types.ts";

const network: FirewallNetwork = {
  bridge: "ctr0",
  subnet: "172.17.0.0/16",
  internal: false,
  masquerade: true,
  icc: true,
};
const port: FirewallPort = {
  protocol: "tcp",
  hostIp: "",
  hostPort: 8080,
  address: "172.17.0.2",
  containerPort: 80,
  owner: "web",
};
const lines = (script: string): string[] => script.trimEnd().split("\n");

describe("firewall script", () => {
  it("adds a network as a handful of elements", () => {
    assert.deepEqual(lines(addNetworkScript(network)), [
      'add element inet ctr bridges { "ctr0" comment "172.17.0.0/16" }',
      'add element inet ctr pairs { "ctr0" . "ctr0" comment "172.17.0.0/16" }',
      'add element inet ctr subnets4 { 172.17.0.0/16 comment "ctr0" }',
      'add element inet ctr masq4 { 172.17.0.0/16 comment "ctr0" }',
    ]);
  });

  it("leaves out the pair without icc, and never masquerades an internal network", () => {
    assert.deepEqual(lines(addNetworkScript({ ...network, icc: false, internal: true })), [
      'add element inet ctr bridges { "ctr0" comment "172.17.0.0/16" }',
      'add element inet ctr internal { "ctr0" comment "172.17.0.0/16" }',
      'add element inet ctr subnets4 { 172.17.0.0/16 comment "ctr0" }',
    ]);
  });

  it("removes what it added", () => {
    assert.deepEqual(lines(removeNetworkScript(network)), [
      'delete element inet ctr bridges { "ctr0" }',
      'delete element inet ctr pairs { "ctr0" . "ctr0" }',
      "delete element inet ctr subnets4 { 172.17.0.0/16 }",
      "delete element inet ctr masq4 { 172.17.0.0/16 }",
    ]);
  });

  it("publishes a port as one element, by its host address", () => {
    const ports = [port, { ...port, hostIp: "127.0.0.1", protocol: "udp" as const }, { ...port, hostIp: "0.0.0.0" }];
    assert.deepEqual(lines(publishScript(ports)), [
      'add element inet ctr hp4 { tcp . 8080 comment "web" : 172.17.0.2 . 80 }',
      'add element inet ctr hp4addr { 127.0.0.1 . udp . 8080 comment "web" : 172.17.0.2 . 80 }',
      'add element inet ctr hp4 { tcp . 8080 comment "web" : 172.17.0.2 . 80 }',
    ]);
    assert.deepEqual(lines(unpublishScript(ports.slice(0, 2))), [
      "delete element inet ctr hp4 { tcp . 8080 }",
      "delete element inet ctr hp4addr { 127.0.0.1 . udp . 8080 }",
    ]);
  });

  it("tells ports apart by where they are in the maps, not by where they lead", () => {
    assert.equal(portKey(port), portKey({ ...port, hostIp: "0.0.0.0", address: "172.17.0.9" }));
    assert.notEqual(portKey(port), portKey({ ...port, hostIp: "127.0.0.1" }));
    assert.notEqual(portKey(port), portKey({ ...port, protocol: "sctp" }));
  });

  it("keeps a comment within the kernel's limit, and free of what could end it", () => {
    const [statement = ""] = lines(publishScript([{ ...port, owner: `a" }\nflush ruleset${"x".repeat(200)}` }]));
    const comment = /comment "([^"]*)"/.exec(statement)?.[1] ?? "";
    assert.equal(comment.length, 127);
    assert.match(comment, /^a_ __flush rulesetx+$/);
  });

  for (const [what, broken] of [
    ["an interface name with a quote", () => addNetworkScript({ ...network, bridge: 'a" }' })],
    ["an interface name that is a pattern", () => addNetworkScript({ ...network, bridge: "ctr*" })],
    ["a subnet that is none", () => addNetworkScript({ ...network, subnet: "172.17.0.0/33" })],
    ["an IPv6 host address", () => publishScript([{ ...port, hostIp: "::1" }])],
    ["a container address that is none", () => publishScript([{ ...port, address: "web" }])],
    ["port 0", () => publishScript([{ ...port, hostPort: 0 }])],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(broken, (error) => error instanceof CtrError && error.code === "CTR_FIREWALL_INVALID");
    });
  }

  it("replaces the whole table in one transaction on sync", () => {
    const script = syncScript({ networks: [network], ports: [port] });
    assert(script.startsWith("table inet ctr { }\ndelete table inet ctr\ntable inet ctr {"));
    assert(script.endsWith(addNetworkScript(network) + publishScript([port])));
  });

  it("brings back each chain, and no element, on ensure", () => {
    const script = ensureScript();
    const chains = [...replaceScript().matchAll(/chain (\w+)/g)].map(([, name]) => name);
    assert.equal(chains.length, 7);
    for (const chain of chains) assert(script.includes(`flush chain inet ctr ${chain}\n`));
    assert.doesNotMatch(script, /delete|flush (map|set|table)/);
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
});
