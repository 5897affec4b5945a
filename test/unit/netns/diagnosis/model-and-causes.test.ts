import assert from "node:assert/strict";
import { explainFlow } from "../../../../netns/diagnosis/explain.ts";
import { walk } from "../../../../netns/diagnosis/model/index.ts";
import type { Flow } from "../../../../netns/diagnosis/types/index.ts";
import { CONNECTED, Damaged, listener, seen } from "./causes/damaged.ts";

/** Paths of the fixture: each works on a healthy host. */
const PATHS = {
  icc: (host: Damaged) => host.flow({ destinationPort: 8080, sourcePort: 0, to: host.container("api").id }),
  egress: (host: Damaged) => host.flow({ destination: "192.0.2.2", destinationPort: 80, sourcePort: 0 }),
  published: (host: Damaged) =>
    host.flow({
      ...{ from: "outside", source: "192.0.2.2", destination: "192.0.2.1", destinationPort: 8080, sourcePort: 0 },
      ...{ fromText: "outside", toText: "192.0.2.1:8080" },
    }),
  localhost: (host: Damaged) =>
    host.flow({ from: "host", source: "", destination: "127.0.0.1", destinationPort: 8080, sourcePort: 0 }),
  hairpin: (host: Damaged) => host.flow({ destination: "192.0.2.1", destinationPort: 8080, sourcePort: 0 }),
  host: (host: Damaged) =>
    host.flow({ from: "host", source: "", destination: host.address("web"), destinationPort: 80, sourcePort: 0 }),
} satisfies Record<string, (host: Damaged) => Flow>;

type PathName = keyof typeof PATHS;

interface Damage {
  readonly what: string;
  readonly damage: (host: Damaged) => void;
  /** The first cause, where it shows; all other paths are as before. */
  readonly first: Partial<Record<PathName, string>>;
}

const everywhere = (code: string, ...paths: readonly PathName[]): Damage["first"] =>
  Object.fromEntries((paths.length === 0 ? (Object.keys(PATHS) as PathName[]) : paths).map((path) => [path, code]));

/** A table of somebody else's with one rule. */
function foreign(host: Damaged, chain: { type?: string; hook: string; prio?: number }, ...expr: object[]): void {
  const head = { family: "ip", table: "x", name: "y", handle: 1, type: "filter", prio: 0, policy: "accept", ...chain };
  const rule = { family: "ip", table: "x", chain: "y", handle: 3, expr };
  host.nft({ table: { family: "ip", name: "x", handle: 1 } }, { chain: head }, { rule });
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const mangle = (key: object, value: number): object => ({ mangle: { key, value } });

const DAMAGES: readonly Damage[] = [
  { what: "nothing", damage: () => {}, first: {} },
  {
    what: "forwarding off",
    damage: (host) => {
      host.sysctl("net.ipv4.ip_forward", "0");
      for (const key of Object.keys(host.host.sysctls)) {
        if (/^net\.ipv4\.conf\..+\.forwarding$/.test(key)) host.sysctl(key, "0");
      }
    },
    first: everywhere("CTRN101", "egress", "published", "hairpin"),
  },
  {
    what: "another table whose policy drops",
    damage: (host) =>
      host.nft(
        { table: { family: "inet", name: "x", handle: 1 } },
        {
          chain: {
            family: "inet",
            table: "x",
            name: "y",
            handle: 1,
            type: "filter",
            hook: "forward",
            prio: 10,
            policy: "drop",
          },
        },
      ),
    first: everywhere("CTRN104", "icc", "egress", "published", "hairpin"),
  },
  {
    what: "another table that lets packets pass no further router",
    damage: (host) => foreign(host, { hook: "prerouting" }, mangle({ payload: { protocol: "ip", field: "ttl" } }, 1)),
    first: everywhere("CTRN408", "egress", "published"),
  },
  {
    what: "another table that drops on each day of the week",
    damage: (host) =>
      foreign(
        host,
        { hook: "forward" },
        {
          match: { op: "==", left: { meta: { key: "day" } }, right: { set: DAYS } },
        },
        { drop: null },
      ),
    first: everywhere("CTRN104", "icc", "egress", "published", "hairpin"),
  },
  {
    what: "another table that drops what carries data",
    damage: (host) =>
      foreign(
        host,
        { hook: "forward" },
        {
          match: {
            op: "==",
            left: { "&": [{ payload: { protocol: "tcp", field: "flags" } }, "psh"] },
            right: "psh",
          },
        },
        { drop: null },
      ),
    first: everywhere("CTRN104", "icc", "egress", "published", "hairpin"),
  },
  {
    what: "connections that are forgotten before their answer comes",
    damage: (host) => host.sysctl("net.netfilter.nf_conntrack_tcp_timeout_syn_sent", "0"),
    first: everywhere("CTRN216", "egress", "published", "localhost", "hairpin"),
  },
  {
    what: "a routing rule that jumps over the main table",
    damage: (host) =>
      host.host.rules.push({
        ...{ family: 4, priority: 100, from: undefined, to: undefined, iif: host.bridge("front").name, oif: undefined },
        ...{ mark: undefined, invert: false, action: "goto", table: undefined, others: ["goto 32767"] },
      }),
    first: everywhere("CTRN415", "egress", "published", "hairpin"),
  },
  {
    what: "another table that leads a connection through a program",
    damage: (host) => foreign(host, { hook: "forward" }, { queue: { num: 0 } }),
    first: everywhere("CTRN104", "icc", "egress", "published", "hairpin"),
  },
  {
    what: "another table that sets the port",
    damage: (host) => foreign(host, { hook: "forward" }, mangle({ payload: { protocol: "tcp", field: "dport" } }, 9)),
    first: everywhere("CTRN119", "icc", "egress", "published", "hairpin"),
  },
  {
    what: "another table that keeps what comes from a bridge in a zone of its own",
    damage: (host) =>
      foreign(
        host,
        { hook: "prerouting", prio: -300 },
        { match: { op: "==", left: { meta: { key: "iifname" } }, right: host.bridge("front").name } },
        mangle({ ct: { key: "zone" } }, 7),
      ),
    first: everywhere("CTRN119", "egress", "published", "localhost"),
  },
  {
    what: "another table that leads connections to the host itself",
    damage: (host) => foreign(host, { type: "nat", hook: "prerouting", prio: -110 }, { redirect: { port: 9 } }),
    first: everywhere("CTRN119", "icc", "egress", "published", "hairpin"),
  },
  {
    what: "another table that gives an address that nobody has",
    damage: (host) =>
      foreign(host, { type: "nat", hook: "postrouting", prio: 90 }, { snat: { family: "ip", addr: "198.51.100.77" } }),
    first: everywhere("CTRN119", "egress"),
  },
  {
    what: "all our rules gone",
    damage: (host) => {
      host.host.nftables = [];
    },
    first: everywhere("CTRN115", "egress", "published", "localhost", "hairpin"),
  },
  { what: "masquerading gone", damage: (host) => host.withoutRules(/@masq4/), first: everywhere("CTRN201", "egress") },
  {
    what: "a published port gone",
    damage: (host) => host.elements("hp4", () => []),
    first: everywhere("CTRN204", "published", "localhost", "hairpin"),
  },
  {
    what: "a published port that leads elsewhere",
    damage: (host) => host.elements("hp4", () => [[{ concat: ["tcp", 8080] }, { concat: ["10.10.1.99", 80] }]]),
    first: everywhere("CTRN205", "published", "localhost", "hairpin"),
  },
  {
    what: "a cable down",
    damage: (host) => {
      host.cable("web").up = false;
    },
    first: everywhere("CTRN301"),
  },
  {
    what: "a bridge down",
    damage: (host) => {
      host.bridge("front").up = false;
    },
    first: everywhere("CTRN302"),
  },
  {
    what: "a hardware address twice",
    damage: (host) => {
      host.eth0("api").mac = host.eth0("web").mac;
    },
    first: everywhere("CTRN310"),
  },
  {
    what: "a port that gets no broadcasts",
    damage: (host) => {
      const { port } = host.cable("api");
      if (port !== undefined) port.broadcastFlood = false;
      for (const namespace of host.snapshot.namespaces) namespace.neighbours = [];
    },
    first: everywhere("CTRN306", "icc"),
  },
  {
    what: "a published port gone, and our companion stopped",
    damage: (host) => {
      host.elements("hp4", () => []);
      host.host.sockets = host.host.sockets.filter(({ port }) => port !== 8080);
      const process = { pid: 7, name: "ctr-dataplane", stopped: true };
      host.host.sockets.push({ ...listener(8080, "0.0.0.0"), process });
    },
    first: everywhere("CTRN204", "published", "localhost", "hairpin"),
  },
  {
    what: "a bridge without its address",
    damage: (host) => {
      host.bridge("front").addresses = [];
    },
    first: everywhere("CTRN311", "egress", "published", "localhost", "hairpin", "host"),
  },
  {
    what: "no default route",
    damage: (host) => {
      host.inside("web").routes = host.inside("web").routes.filter(({ destination }) => destination !== "0.0.0.0/0");
    },
    first: everywhere("CTRN401", "egress", "published", "hairpin"),
  },
  {
    what: "nobody listens",
    damage: (host) => {
      host.inside("web").sockets = host.inside("web").sockets.filter(({ port }) => port !== 80);
    },
    first: everywhere("CTRN601", "published", "localhost", "hairpin", "host"),
  },
];

describe("model and causes together", () => {
  for (const { what, damage, first } of DAMAGES) {
    it(`name the cause on each path where it shows: ${what}`, () => {
      const host = new Damaged();
      damage(host);
      const { view } = host;
      const got = Object.entries(PATHS).flatMap(([name, path]) => {
        const flow = path(host);
        const report = explainFlow({
          snapshot: view.snapshot,
          view,
          flow,
          walk: walk(view, flow),
          observations: undefined,
        });
        return report.result === "REACHABLE" && report.findings.length === 0 ? [] : [[name, report.findings[0]?.code]];
      });
      assert.deepEqual(Object.fromEntries(got), first);
    });
  }

  it("name the rule that leaves no port", () => {
    const host = new Damaged();
    foreign(host, { type: "nat", hook: "postrouting", prio: 90 }, { masquerade: { port: 50_000 } });
    const [source, destination] = ["192.0.2.1", "192.0.2.2"];
    const end = { destination, destinationPort: 80 };
    const reply = { source: destination, destination: source, sourcePort: 80, destinationPort: 50_000 };
    host.host.conntrack?.entries.push({
      ...{ protocol: "tcp", family: 4, original: { ...end, source: host.address("api"), sourcePort: 40_000 }, reply },
      ...{ state: "ESTABLISHED", replied: true, assured: true, timeout: 100 },
    });
    const { view } = host;
    const flow = PATHS.egress(host);
    const context = { snapshot: view.snapshot, view, flow, walk: walk(view, flow), observations: undefined };
    const [first] = explainFlow(context).findings;
    assert.deepEqual([first?.code, first?.object], ["CTRN203", "table ip x, chain y"]);
  });

  it("name a rule that may end what follows, where the connection was made, as worth a word", () => {
    const host = new Damaged();
    const packets = { ct: { key: "packets", dir: "original" } };
    foreign(host, { hook: "forward" }, { match: { op: ">", left: packets, right: 2 } }, { drop: null });
    const { view } = host;
    const flow = PATHS.egress(host);
    const context = { snapshot: view.snapshot, view, flow, walk: walk(view, flow), observations: seen([CONNECTED]) };
    const { result, findings } = explainFlow(context);
    const told = findings.map(({ code, severity }) => `${code} ${severity}`);
    assert.deepEqual([result, ...told], ["REACHABLE", "CTRN116 note"]);
  });

  it("decide nothing where the rules could not be read", () => {
    const host = new Damaged();
    host.host.nftables = undefined;
    const { view } = host;
    for (const path of [PATHS.egress, PATHS.published]) {
      const flow = path(host);
      const context = { snapshot: view.snapshot, view, flow, walk: walk(view, flow), observations: undefined };
      const { result, findings } = explainFlow(context);
      assert.equal(result, "UNDETERMINED");
      assert.deepEqual(
        findings.filter(({ severity }) => severity === "error"),
        [],
      );
    }
  });
});
