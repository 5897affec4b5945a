import assert from "node:assert/strict";
import { Fixture, firstDeath } from "./fixture.ts";

const UPLINK = "192.0.2.1";
const ABROAD = "203.0.113.9";

describe("the walk of a packet", () => {
  describe("on a healthy host", () => {
    const host = new Fixture();

    it("arrives where it should, and the answer comes back", () => {
      for (const [from, address, port] of [
        ["web", host.address("api"), 8080],
        ["web", ABROAD, 443],
        ["outside", UPLINK, 8080],
        ["host", "127.0.0.1", 8080],
        ["host", host.address("db"), 5432],
        ["api", UPLINK, 8080],
      ] as const) {
        const { result, deaths, unknowns } = host.ask(from, address, port);
        assert.deepEqual(
          { from, address, result, deaths, unknowns },
          { from, address, result: "arrives", deaths: [], unknowns: [] },
        );
      }
    });

    it("tells each step with the packet as it is then", () => {
      const { there, back } = host.ask("outside", UPLINK, 8080);
      const translated = there.find(({ stage }) => stage === "translation");
      assert.deepEqual([translated?.packet.destination, translated?.packet.destinationPort], [host.address("web"), 80]);
      assert.equal(back.at(-1)?.packet.source, UPLINK);
      assert.ok(there.some(({ hook }) => hook?.table === "ctr" && hook.hook === "forward"));
    });

    it("is ended by the engine's own rules between networks, and by nobody who listens", () => {
      const apart = host.ask("web", host.address("db"), 5432);
      assert.equal(firstDeath(apart), "there filter-drop");
      assert.deepEqual([apart.deaths[0]?.death.facts["ours"], apart.deaths[0]?.death.facts["table"]], [true, "ctr"]);
      assert.equal(firstDeath(host.ask("web", host.address("api"), 81)), "there no-listener");
      assert.equal(host.ask("web", host.address("api"), 81).deaths[0]?.death.seen, "refused");
    });
  });

  // `@api` is the address of api.
  const faults: readonly (readonly [string, (host: Fixture) => void, readonly [string, string, number], string])[] = [
    [
      "forwarding that is off",
      (host) => {
        host.namespace("host").sysctls["net.ipv4.ip_forward"] = "0";
        for (const { name } of host.namespace("host").links)
          host.namespace("host").sysctls[`net.ipv4.conf.${name}.forwarding`] = "0";
      },
      ["web", ABROAD, 443],
      "there forwarding-off",
    ],
    [
      "a cable that is switched off",
      (host) => {
        host.cable("web").up = false;
      },
      ["web", ABROAD, 443],
      "there link-down",
    ],
    [
      "a cable that is in no bridge",
      (host) => {
        host.cable("web").master = undefined;
      },
      ["web", ABROAD, 443],
      "there not-a-bridge-port",
    ],
    [
      "a bridge that is switched off",
      (host) => {
        host.bridge("web").up = false;
      },
      ["web", "@api", 8080],
      "there link-down",
    ],
    [
      "ports that are isolated",
      (host) => {
        for (const name of ["web", "api"]) port(host, name).isolated = true;
      },
      ["web", "@api", 8080],
      "there port-isolated",
    ],
    [
      "a port that the spanning tree blocks",
      (host) => {
        port(host, "web").state = "blocking";
      },
      ["web", ABROAD, 443],
      "there port-blocked",
    ],
    [
      "a container without routes",
      (host) => {
        host.namespace("web").routes = [];
      },
      ["web", ABROAD, 443],
      "there no-route",
    ],
    [
      "a wrong gateway",
      (host) => {
        for (const route of host.namespace("web").routes)
          if (route.gateway !== undefined) route.gateway = "10.10.1.254";
      },
      ["web", ABROAD, 443],
      "there neighbour-silent",
    ],
    [
      "a blackhole",
      (host) => {
        host
          .namespace("host")
          .routes.push({ ...anyRoute(host), type: "blackhole", destination: "203.0.113.0/24", device: undefined });
      },
      ["web", ABROAD, 443],
      "there route-blackhole",
    ],
    [
      "translation that is missing",
      (host) => {
        removeRules(host, "postrouting");
      },
      ["web", ABROAD, 443],
      "there not-translated",
    ],
    [
      "a published port whose rule is missing",
      (host) => {
        removeRules(host, "prerouting");
      },
      ["outside", UPLINK, 8080],
      "there not-translated",
    ],
    [
      "a foreign rule",
      (host) => {
        host.addRule("host", "forward", 10, { drop: null });
      },
      ["web", ABROAD, 443],
      "there filter-drop",
    ],
    [
      "a foreign rule for answers alone",
      (host) => {
        host.addRule(
          "host",
          "forward",
          10,
          { match: { op: "in", left: { ct: { key: "state" } }, right: "established" } },
          { drop: null },
        );
      },
      ["web", ABROAD, 443],
      "back filter-drop",
    ],
    [
      "a rule that lets a connection begin and ends it then",
      (host) => {
        host.addRule(
          "web",
          "output",
          10,
          { match: { op: "in", left: { payload: { protocol: "tcp", field: "flags" } }, right: "syn" } },
          { accept: null },
        );
        host.addRule(
          "web",
          "output",
          20,
          { match: { op: "in", left: { ct: { key: "state" } }, right: "established" } },
          { drop: null },
        );
      },
      ["web", ABROAD, 443],
      "there filter-drop",
    ],
    [
      "a neighbour that somebody has fixed",
      (host) => {
        host.namespace("web").neighbours.push({
          family: 4,
          address: "10.10.1.1",
          device: "eth0",
          mac: "02:00:00:00:00:99",
          state: "permanent",
        });
      },
      ["web", ABROAD, 443],
      "there neighbour-wrong",
    ],
    [
      "a link without ARP",
      (host) => {
        host.link("web", "eth0").noArp = true;
      },
      ["web", ABROAD, 443],
      "there neighbour-silent",
    ],
    [
      "a program that listens elsewhere",
      (host) => {
        for (const socket of host.namespace("api").sockets)
          if (socket.port === 8080) Object.assign(socket, { address: "127.0.0.1", family: 4 });
      },
      ["web", "@api", 8080],
      "there listener-elsewhere",
    ],
    [
      "a queue that is full",
      (host) => {
        for (const socket of host.namespace("api").sockets)
          if (socket.port === 8080) Object.assign(socket, { waiting: 6, backlog: 5 });
      },
      ["web", "@api", 8080],
      "there queue-full",
    ],
    [
      "strict checks of the source",
      (host) => {
        host.namespace("host").sysctls["net.ipv4.conf.cable.rp_filter"] = "1";
        host.namespace("host").routes = host
          .namespace("host")
          .routes.filter(({ device, table }) => device !== "cable" || table === 255);
      },
      ["outside", UPLINK, 8080],
      "there reverse-path",
    ],
    [
      "no room for connections",
      (host) => {
        Object.assign(host.namespace("host").conntrack ?? {}, { count: 10, max: 10 });
      },
      ["web", ABROAD, 443],
      "there table-full",
    ],
  ];
  for (const [what, change, [from, destination, destinationPort], expected] of faults) {
    it(`is ended by ${what}`, () => {
      const host = new Fixture();
      change(host);
      const walked = host.ask(
        from,
        destination.startsWith("@") ? host.address(destination.slice(1)) : destination,
        destinationPort,
      );
      assert.equal(firstDeath(walked), expected, JSON.stringify(walked.deaths.map(({ death }) => death)));
      assert.equal(walked.result, "dies");
      const [first] = walked.deaths;
      assert.equal((first?.direction === "back" ? walked.back : walked.there).at(-1)?.death, first?.death);
    });
  }

  it("goes on after what ends it, and finds the next obstacle too", () => {
    const host = new Fixture();
    host.cable("web").up = false;
    host.addRule("host", "forward", 10, { drop: null });
    assert.deepEqual(
      host
        .ask("web", ABROAD, 443)
        .deaths.map(({ death }) => death.kind)
        .slice(0, 2),
      ["link-down", "filter-drop"],
    );
  });

  it("leaves open what it does not know, and what only some packets meet", () => {
    const host = new Fixture();
    host.addRule("host", "forward", 10, { xt: { type: "match", name: "bpf" } }, { drop: null });
    const open = host.ask("web", ABROAD, 443);
    assert.deepEqual(
      [open.result, open.deaths[0]?.death.facts["uncertain"], open.unknowns.length],
      ["unknown", true, 1],
    );
    assert.ok(open.back.length > 0, "it goes on as if the rule did not hold");
    const sometimes = new Fixture();
    sometimes.addRule(
      "host",
      "forward",
      10,
      { limit: { rate: 1, burst: 5, per: "second", inv: true } },
      { drop: null },
    );
    const partly = sometimes.ask("web", ABROAD, 443);
    assert.deepEqual([partly.result, partly.deaths[0]?.death.facts["limit"]], ["unknown", true]);
  });

  it("is sure where what it does not know makes no difference", () => {
    const host = new Fixture();
    host.addRule("host", "forward", 10, { xt: { type: "match", name: "bpf" } }, { accept: null });
    assert.equal(host.ask("web", ABROAD, 443).result, "arrives");
  });

  it("follows an older connection where there is one, whatever the rules say", () => {
    const host = new Fixture();
    const entry = {
      protocol: "udp",
      family: 4 as const,
      original: { source: "192.0.2.2", destination: UPLINK, sourcePort: 5000, destinationPort: 8080 },
      reply: { source: "10.10.1.99", destination: "192.0.2.2", sourcePort: 80, destinationPort: 5000 },
      state: "",
      replied: false,
      assured: false,
      timeout: 20,
    };
    host.namespace("host").conntrack?.entries.push(entry);
    const walked = host.ask("outside", UPLINK, 8080, { protocol: "udp", source: "192.0.2.2", sourcePort: 5000 });
    assert.ok(
      walked.deaths.some(({ death }) => death.kind === "neighbour-silent" && death.facts["address"] === "10.10.1.99"),
    );
  });

  it("tells of packets that are too large, and whether their sender is told", () => {
    const host = new Fixture();
    host.link("host", "cable").mtu = 1400;
    const told = host.ask("web", ABROAD, 443, { protocol: "udp", size: 1500 });
    assert.deepEqual([firstDeath(told), told.deaths[0]?.death.facts["errorReturns"]], ["there too-big", true]);
    assert.equal(host.ask("web", ABROAD, 443, { size: 1500 }).result, "arrives");
    const deaf = new Fixture();
    deaf.link("host", "cable").mtu = 1400;
    deaf.addRule(
      "host",
      "output",
      10,
      { match: { op: "==", left: { meta: { key: "l4proto" } }, right: "icmp" } },
      { drop: null },
    );
    const hole = deaf.ask("web", ABROAD, 443, { size: 1500 });
    assert.deepEqual([firstDeath(hole), hole.deaths[0]?.death.seen], ["there too-big", "silence"]);
  });
});

function port(host: Fixture, name: string) {
  const { port } = host.cable(name);
  if (port === undefined) throw new TypeError("no port of a bridge");
  return port;
}

function anyRoute(host: Fixture) {
  const [route] = host.namespace("host").routes;
  if (route === undefined) throw new TypeError("no routes");
  return { ...route, table: 254, gateway: undefined };
}

function removeRules(host: Fixture, chain: string): void {
  const state = host.namespace("host");
  state.nftables = state.nftables?.filter((object) => (object as { rule?: { chain: string } }).rule?.chain !== chain);
}
