import assert from "node:assert/strict";
import fc from "fast-check";
import { answer } from "../../../../netns/dns/answer.ts";
import type { NameRecord, NamesSandbox } from "../../../../netns/dns/types.ts";
import { View } from "../../../../netns/dns/view.ts";
import { answerTexts } from "../../../../netns/dns/wire/message.ts";
import { Zone } from "../../../../netns/dns/zone.ts";
import { header, type QueryParts, queryFor } from "./messages.ts";

const PTR = 12;
const MX = 15;
const AAAA = 28;

const record = (containerId: string, change: Partial<NameRecord> = {}): NameRecord => ({
  networkId: "n1",
  networkName: "front",
  containerId,
  names: [containerId],
  running: true,
  ...change,
});

const web = record("web", { names: ["web", "www", "0123456789ab"], address: "172.18.0.2", address6: "fd00::2" });
const db = record("db", { names: ["db", "Data.Base"], address: "172.18.0.3" });

function zoneOf(...records: readonly NameRecord[]): Zone {
  const zone = new Zone();
  for (const each of records) zone.put(each);
  return zone;
}

/** What a sandbox on `front` is answered: a status, and the records. */
function ask(
  zone: Zone,
  name: string,
  parts: QueryParts = {},
  view: Partial<Pick<NamesSandbox, "networkIds" | "links">> = {},
): string {
  const options = { overUdp: true, ttl: 5 };
  const outcome = answer(queryFor(name, parts), new View(zone, { networkIds: ["n1"], links: {}, ...view }), options);
  if (outcome.kind !== "reply") return outcome.kind;
  const { rcode } = header(outcome.message);
  return [rcode === 0 ? "NOERROR" : rcode === 3 ? "NXDOMAIN" : `rcode ${rcode}`, ...answerTexts(outcome.message)].join(
    " ",
  );
}

describe("names of containers", () => {
  const zone = zoneOf(web, db);

  it("are answered by name, alias and short id, with and without the network, in any case", () => {
    for (const name of ["web", "WWW", "0123456789ab", "web.front", "www.FRONT"]) {
      assert.equal(ask(zone, name), "NOERROR 172.18.0.2", name);
    }
    assert.equal(ask(zone, "data.base.front"), "NOERROR 172.18.0.3");
  });

  it("are asked of others when no container has them", () => {
    for (const name of ["other", "web.back", "web.front.example", "front", "xweb"]) {
      assert.equal(ask(zone, name), "forward", name);
    }
    assert.equal(ask(zone, "web", { class: 3 }), "forward", "another class");
  });

  it("have IPv6 addresses where there are some, and nothing of other types", () => {
    assert.equal(ask(zone, "web", { type: AAAA }), "NOERROR fd00::2");
    assert.equal(ask(zone, "db", { type: AAAA }), "NOERROR");
    for (const type of [MX, PTR, 16, 65, 255]) assert.equal(ask(zone, "web", { type }), "NOERROR", `type ${type}`);
  });

  it("are found by addresses", () => {
    assert.equal(ask(zone, "2.0.18.172.in-addr.arpa", { type: PTR }), "NOERROR web.front.");
    assert.equal(ask(zone, `2.${"0.".repeat(29)}d.f.ip6.arpa`, { type: PTR }), "NOERROR web.front.");
    assert.equal(ask(zone, "9.0.18.172.in-addr.arpa", { type: PTR }), "forward");
    assert.equal(ask(zone, "2.0.18.172.in-addr.arpa", { type: 1 }), "NOERROR");
  });

  it("of stopped containers are denied here and asked of nobody", () => {
    const stopped = zoneOf({ ...web, running: false });
    for (const type of [1, AAAA, MX]) assert.equal(ask(stopped, "www.front", { type }), "NXDOMAIN");
    assert.equal(ask(stopped, "2.0.18.172.in-addr.arpa", { type: PTR }), "NXDOMAIN");
  });

  it("of several containers take turns, without those that are stopped", () => {
    const many = zoneOf(
      ...["2", "3", "4", "5"].map((last) => record(`c${last}`, { names: ["all"], address: `10.0.0.${last}` })),
      record("c6", { names: ["all"], address: "10.0.0.6", running: false }),
    );
    const firsts = Array.from({ length: 8 }, () => ask(many, "all").split(" ")[1]);
    assert.deepEqual(firsts, [
      "10.0.0.2",
      "10.0.0.3",
      "10.0.0.4",
      "10.0.0.5",
      "10.0.0.2",
      "10.0.0.3",
      "10.0.0.4",
      "10.0.0.5",
    ]);
    assert.equal(ask(many, "all").split(" ").length, 5);
  });

  it("come only from the sandbox's own networks, the first one first", () => {
    const back = record("db", { networkId: "n2", networkName: "back", names: ["db"], address: "10.9.0.3" });
    const both = zoneOf(db, back);
    assert.equal(ask(both, "db", {}, { networkIds: ["n2"] }), "NOERROR 10.9.0.3");
    assert.equal(ask(both, "db", {}, { networkIds: ["n1", "n2"] }), "NOERROR 172.18.0.3");
    assert.equal(ask(both, "db.back", {}, { networkIds: ["n1", "n2"] }), "NOERROR 10.9.0.3");
    assert.equal(ask(both, "db.back", {}, { networkIds: ["n1"] }), "forward");
    assert.equal(ask(both, "db", {}, { networkIds: [] }), "forward");
  });

  it("are asked on the next network where the first one has no address of the type", () => {
    const six = record("db", { networkId: "n2", networkName: "back", names: ["db"], address6: "fd00::9" });
    assert.equal(ask(zoneOf(db, six), "db", { type: AAAA }, { networkIds: ["n1", "n2"] }), "NOERROR fd00::9");
  });

  it("change with the containers", () => {
    const changing = zoneOf(web, db);
    assert.equal(ask(changing, "web"), "NOERROR 172.18.0.2");
    changing.put({ ...web, names: ["web", "new"], address: "172.18.0.9" });
    assert.equal(ask(changing, "web"), "NOERROR 172.18.0.9");
    assert.equal(ask(changing, "new"), "NOERROR 172.18.0.9");
    assert.equal(ask(changing, "www"), "forward");
    assert.equal(ask(changing, "2.0.18.172.in-addr.arpa", { type: PTR }), "forward");
    changing.remove("n1", "web");
    assert.equal(ask(changing, "web"), "forward");
    changing.replace([web]);
    assert.deepEqual([ask(changing, "web"), ask(changing, "db"), changing.size], ["NOERROR 172.18.0.2", "forward", 1]);
  });

  it("keep an address's name when it goes to another container", () => {
    const changing = zoneOf(web);
    changing.put({ ...db, address: "172.18.0.2" });
    changing.remove("n1", "web");
    assert.equal(ask(changing, "2.0.18.172.in-addr.arpa", { type: PTR }), "NOERROR db.front.");
  });

  it("are as in a zone that was made anew, after any changes", () => {
    const change = fc.record({
      containerId: fc.constantFrom("a", "b", "c"),
      names: fc.subarray(["x", "y", "z.q"]),
      address: fc.constantFrom("10.0.0.1", "10.0.0.2"),
      running: fc.boolean(),
      removed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const changed = new Zone();
        const last = new Map<string, NameRecord>();
        for (const { removed, ...rest } of changes) {
          if (removed) {
            changed.remove("n1", rest.containerId);
            last.delete(rest.containerId);
          } else {
            // Deleted first: the order of the last puts counts.
            last.delete(rest.containerId);
            last.set(rest.containerId, record(rest.containerId, rest));
            changed.put(record(rest.containerId, rest));
          }
          ask(changed, "x");
        }
        const fresh = zoneOf(...last.values());
        assert.equal(changed.size, fresh.size);
        for (const name of ["x", "y", "z.q", "x.front"]) {
          const sorted = (zone: Zone) => ask(zone, name).split(" ").sort();
          assert.deepEqual(sorted(changed), sorted(fresh), name);
        }
      }),
    );
  });
});

describe("links between containers on a network", () => {
  const links = { n1: { database: "db", late: "nobody" } };

  it("are aliases for the linking container alone", () => {
    const zone = zoneOf(web, db);
    assert.equal(ask(zone, "database", {}, { links }), "NOERROR 172.18.0.3");
    assert.equal(ask(zone, "DATABASE.front", {}, { links }), "NOERROR 172.18.0.3");
    assert.equal(ask(zone, "database"), "forward");
  });

  it("may lead to a container that is not there yet, and follow it when it comes", () => {
    const zone = zoneOf(web);
    assert.equal(ask(zone, "late", {}, { links }), "NXDOMAIN");
    zone.put(record("nobody", { address: "172.18.0.7" }));
    assert.equal(ask(zone, "late", {}, { links }), "NOERROR 172.18.0.7");
  });
});

describe("faulty questions", () => {
  const zone = zoneOf(web);
  const view = new View(zone, { networkIds: ["n1"], links: {} });

  it("get the error that fits, or nothing", () => {
    assert.equal(ask(zone, "web", { flags: 0x8100 }), "drop");
    assert.equal(ask(zone, "web", { flags: 0x2100 }), "rcode 4");
    const outcome = answer(queryFor("web", { ednsSize: 1232, ednsVersion: 1 }), view, { overUdp: true, ttl: 5 });
    assert(outcome.kind === "reply");
    // BADVERS is 16: its upper bits stand in the OPT record.
    assert.deepEqual([header(outcome.message).rcode, outcome.message.at(-6)], [0, 1]);
  });

  it("never throw, and never make the answer longer than the client takes", () => {
    const changed = fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 6 }).map((changes) => {
      const message = queryFor("web.front", { ednsSize: 600 });
      for (const [at, value] of changes) if (at < message.length) message[at] = value;
      return message;
    });
    const random = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(changed, random), (message) => {
        const outcome = answer(message, view, { overUdp: true, ttl: 5 });
        if (outcome.kind === "reply") assert(outcome.message.length <= 65_535);
      }),
      { numRuns: 2_000 },
    );
  });
});
