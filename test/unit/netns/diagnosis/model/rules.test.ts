import assert from "node:assert/strict";
import { NamespaceModel } from "../../../../../netns/diagnosis/model/namespace.ts";
import { makePacket, type Packet, TcpFlag } from "../../../../../netns/diagnosis/model/packet.ts";
import { evaluate } from "../../../../../netns/diagnosis/model/rules/evaluate.ts";
import type { RuleContext } from "../../../../../netns/diagnosis/model/rules/types.ts";
import { openConnection } from "../../../../../netns/diagnosis/model/stack/connection.ts";
import type { LinkState, NamespaceState } from "../../../../../netns/diagnosis/types/index.ts";
import { parseAddress } from "../../../../../netns/ipam/ip.ts";

const CHAIN = { family: "inet", table: "t", name: "base" };
const BASE = { chain: { ...CHAIN, type: "filter", hook: "forward", prio: 0, policy: "accept" } };

const address = (text: string): bigint => parseAddress(text).value;

const PACKET: Packet = makePacket({
  family: 4,
  protocol: 6,
  source: address("10.1.0.2"),
  destination: address("192.0.2.9"),
  destinationPort: 80,
  tcpFlags: TcpFlag.syn,
});

function namespaceOf(objects: readonly object[], iptables: NamespaceState["iptables"] = []): NamespaceModel {
  const routes = [
    {
      family: 4,
      table: 255,
      type: "local",
      destination: "10.1.0.1/32",
      device: "br0",
      metric: 0,
      flags: [],
      nexthops: [],
    },
  ];
  const state = {
    key: "host",
    links: [],
    routes,
    rules: [],
    sysctls: {},
    neighbours: [],
    fdb: [],
    sockets: [],
    nftables: objects,
    iptables,
    conntrack: { count: 7, entries: [] },
  };
  return new NamespaceModel(state as unknown as NamespaceState);
}

function contextOf(namespace: NamespaceModel, packet: Packet, more: Partial<RuleContext> = {}): RuleContext {
  return {
    namespace,
    packet: { ...packet },
    hook: "forward",
    inputLink: { name: "br0", kind: "bridge", mac: "02:00:00:00:00:01" } as LinkState,
    outputLink: { name: "eth0", kind: "", mac: "02:00:00:00:00:02" } as LinkState,
    inputPort: undefined,
    outputPort: undefined,
    connection: openConnection(packet, 0n),
    direction: "original",
    tracking: "new",
    untracked: "no",
    zone: 0n,
    alterations: [],
    ...more,
  };
}

/** What becomes of a packet in a chain with these rules: `drop`, or several with how sure they are. */
function outcome(
  rules: readonly (readonly object[])[],
  packet = PACKET,
  others: readonly object[] = [],
  more = {},
): string {
  const objects = [BASE, ...others, ...rules.map((expr) => ({ rule: { ...CHAIN, chain: "base", expr } }))];
  const namespace = namespaceOf(objects);
  const [base] = namespace.ruleset.at("forward", ["inet"]);
  if (base === undefined) throw new TypeError("no chain");
  const endings = evaluate(base, contextOf(namespace, packet, more));
  return endings
    .map(({ verdict, certainty }) => (certainty === "yes" ? verdict.kind : `${verdict.kind}?${certainty}`))
    .join(" ");
}

const DROP = { drop: null };
const match = (left: object, right: unknown, op = "==") => ({ match: { op, left, right } });
const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
const meta = (key: string) => ({ meta: { key } });
const ct = (key: string) => ({ ct: { key } });

describe("the model's rules of nftables", () => {
  const holding: readonly (readonly [string, object])[] = [
    ["an address in a prefix", match(payload("ip", "saddr"), { prefix: { addr: "10.1.0.0", len: 16 } })],
    ["an address in a range", match(payload("ip", "daddr"), { range: ["192.0.2.1", "192.0.2.20"] })],
    ["another address", match(payload("ip", "daddr"), "192.0.2.8", "!=")],
    ["a port of a set in place", match(payload("tcp", "dport"), { set: [22, { range: [79, 81] }] })],
    ["a port above", match(payload("tcp", "dport"), 79, ">")],
    ["a port of clients", match(payload("tcp", "sport"), { range: [1024, 65535] })],
    ["a link's name with an open end", match(meta("iifname"), "br*")],
    ["a protocol among others", match(meta("l4proto"), { set: ["tcp", "udp"] })],
    ["a state among others", match(ct("state"), ["new", "established"], "in")],
    ["no such state", match(ct("state"), "established", "!")],
    ["flags under a mask", match({ "&": [payload("tcp", "flags"), ["syn", "ack"]] }, "syn")],
    ["an address under a mask", match({ "&": [payload("ip", "saddr"), "255.255.0.0"] }, "10.1.0.0")],
    ["several at once", match({ concat: [meta("iifname"), payload("tcp", "dport")] }, { concat: ["br0", 80] })],
    ["the kind of an address", match({ fib: { result: "type", flags: ["daddr"] } }, "unicast")],
    ["a way back that is missing", match({ fib: { result: "oif", flags: ["saddr", "iif"] } }, false)],
  ];
  for (const [what, condition] of holding) {
    it(`hold for ${what}`, () => assert.equal(outcome([[condition, DROP]]), "drop"));
  }

  const failing: readonly (readonly [string, object])[] = [
    ["another protocol's port", match(payload("udp", "dport"), 80)],
    ["the other family", match(payload("ip6", "saddr"), "::1", "!=")],
    ["all flags at once", match(payload("tcp", "flags"), ["syn", "ack"])],
    ["all flags under a mask", match({ "&": [payload("tcp", "flags"), ["syn", "ack"]] }, ["syn", "ack"])],
    ["a translated connection", match(ct("status"), "dnat", "in")],
  ];
  for (const [what, condition] of failing) {
    it(`do not hold for ${what}`, () => assert.equal(outcome([[condition, DROP]]), "accept"));
  }

  it("hold for some packets by rate and by chance, unless nobody comes to that rate", () => {
    const limit = (rate: number, inv: boolean) => ({
      limit: { rate, burst: 5, per: "second", ...(inv ? { inv } : {}) },
    });
    assert.equal(outcome([[limit(1, true), DROP]]), "drop?sometimes accept?sometimes");
    assert.equal(outcome([[limit(100_000, true), DROP]]), "accept");
    assert.equal(
      outcome([[match({ numgen: { mode: "random", mod: 100, offset: 0 } }, 60, "<"), DROP]]),
      "drop?sometimes accept?sometimes",
    );
    assert.equal(outcome([[{ "ct count": { val: 0, inv: true } }, DROP]]), "drop");
    // Seven are tracked.
    assert.equal(outcome([[{ "ct count": { val: 5, inv: true } }, DROP]]), "drop?sometimes accept?sometimes");
    assert.equal(outcome([[{ "ct count": { val: 20, inv: true } }, DROP]]), "accept");
    assert.equal(outcome([[{ "ct count": { val: 20 } }, DROP]]), "drop");
  });

  it("leave open what is not modelled, and are sure again behind it where it makes no difference", () => {
    const odd = match(meta("skuid"), 0);
    assert.equal(outcome([[odd, DROP]]), "drop?unknown accept?unknown");
    assert.equal(outcome([[odd, { counter: null }], [DROP]]), "drop");
    assert.equal(outcome([[odd, match(payload("tcp", "dport"), 81), DROP]]), "accept");
    assert.equal(outcome([[{ notrack: null }, { fwd: { dev: "eth1" } }]]), "queue");
  });

  it("let no proxy for handshakes have a connection that is tracked", () => {
    assert.equal(outcome([[{ synproxy: { mss: 1460 } }]]), "drop");
  });

  it("go into chains and come back, but not from a goto", () => {
    const chain = { chain: { family: "inet", table: "t", name: "other" } };
    const other = (...expr: object[]) => ({ rule: { ...CHAIN, chain: "other", expr } });
    const to = (kind: string) => [{ [kind]: { target: "other" } }];
    assert.equal(
      outcome([to("jump"), [DROP]], PACKET, [chain, other({ return: null }), other({ accept: null })]),
      "drop",
    );
    assert.equal(outcome([to("goto"), [DROP]], PACKET, [chain]), "accept");
    assert.equal(outcome([to("jump")], PACKET, [chain, other(DROP)]), "drop");
    const perhaps = other(match(meta("skuid"), 0), { return: null });
    assert.equal(
      outcome([to("jump"), [DROP]], PACKET, [chain, perhaps, other({ accept: null })]),
      "accept?unknown drop?unknown",
    );
    assert.equal(outcome([to("jump"), [DROP]], PACKET, [chain, perhaps]), "drop");
  });

  it("decide by maps of verdicts", () => {
    const data = {
      set: [
        ["new", { drop: null }],
        ["established", { accept: null }],
      ],
    };
    assert.equal(outcome([[{ vmap: { key: ct("state"), data } }]]), "drop");
  });

  it("set marks that later rules see", () => {
    const set = [{ mangle: { key: meta("mark"), value: 0x10 } }];
    assert.equal(outcome([set, [match({ "&": [meta("mark"), 0xf0] }, 0x10), DROP]]), "drop");
    assert.equal(
      outcome([
        [match(meta("skuid"), 0), ...set],
        [match(meta("mark"), 0x10), DROP],
      ]),
      "drop?unknown accept?unknown",
    );
  });
});

describe("the model's rules of iptables", () => {
  function ofSaved(rules: readonly string[], packet = PACKET, more = {}): string {
    const text = ["*filter", ":FORWARD ACCEPT [0:0]", ":OWN - [0:0]", ...rules, "COMMIT"].join("\n");
    const namespace = namespaceOf([], [{ family: 4, mode: "legacy", text }]);
    const [base] = namespace.ruleset.at("forward", ["legacy"]);
    if (base === undefined) throw new TypeError("no chain");
    const [first] = evaluate(base, contextOf(namespace, packet, more));
    return first?.certainty === "yes" ? first.verdict.kind : `${first?.verdict.kind}?${first?.certainty}`;
  }

  for (const [rule, expected] of [
    ["-s 10.1.0.0/16 -j DROP", "drop"],
    ["! -s 10.1.0.0/16 -j DROP", "accept"],
    ["-i br+ -p tcp -m tcp --dport 80 -j DROP", "drop"],
    ["-p tcp -m multiport --dports 22,79:81 -j DROP", "drop"],
    ["-p udp -j DROP", "accept"],
    ["-p tcp --syn -j REJECT --reject-with tcp-reset", "reject"],
    ["-m conntrack --ctstate RELATED,ESTABLISHED -j DROP", "accept"],
    ["-m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP", "drop"],
    ["-m conntrack --ctstate DNAT -j DROP", "accept"],
    ["-m addrtype --dst-type LOCAL -j DROP", "accept"],
    ["-m addrtype ! --dst-type LOCAL -j DROP", "drop"],
    ["-m mark --mark 0x1 -j DROP", "accept"],
    ['-m comment --comment "two words -j ACCEPT" -j DROP', "drop"],
    ["-m limit --limit 1/min -j DROP", "drop?sometimes"],
    ["-m limit --limit 1000/sec -j DROP", "drop"],
    ["-m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr -j DROP", "accept"],
    ["-m connlimit --connlimit-above 5 --connlimit-mask 32 --connlimit-saddr -j DROP", "drop?sometimes"],
    ["-m connlimit --connlimit-upto 20 --connlimit-mask 32 --connlimit-saddr -j DROP", "drop"],
    ["-m set --match-set blocked src -j DROP", "drop?unknown"],
    ["-m owner --uid-owner 0 -j DROP", "drop?unknown"],
    ["-j NFQUEUE --queue-num 1", "queue"],
    ["-j LOG", "accept"],
  ] as const) {
    it(`take ${rule} for ${expected}`, () => assert.equal(ofSaved([`[1:60] -A FORWARD ${rule}`]), expected));
  }

  it("go into chains of their own", () => {
    assert.equal(
      ofSaved(["-A FORWARD -j OWN", "-A FORWARD -j DROP", "-A OWN -p tcp -j RETURN", "-A OWN -j ACCEPT"]),
      "drop",
    );
    assert.equal(ofSaved(["-A FORWARD -g OWN", "-A FORWARD -j DROP", "-A OWN -p tcp -j RETURN"]), "accept");
  });
});
