import assert from "node:assert/strict";
import { type Network, type Snapshot, SnapshotView } from "../../../netns/index.ts";
import { type IntendedPair, intendedPairs } from "../../../runtime/diagnosis/matrix-pairs.ts";
import { healthySnapshot, healthyView } from "./snapshots.ts";

const find = (pairs: readonly IntendedPair[], from: string, to: string): IntendedPair | undefined =>
  pairs.find((pair) => pair.from === from && pair.to === to && pair.kind !== "name");

function withNetwork(name: string, change: Partial<Network>): SnapshotView {
  const snapshot = healthySnapshot();
  const networks = snapshot.intent.networks.map((one) => (one.name === name ? { ...one, ...change } : one));
  return new SnapshotView({ ...snapshot, intent: { ...snapshot.intent, networks } });
}

function withGrants(grants: Snapshot["intent"]["grants"]): SnapshotView {
  const snapshot = healthySnapshot();
  return new SnapshotView({ ...snapshot, intent: { ...snapshot.intent, grants } });
}

describe("who has to reach whom", () => {
  it("lets containers of one network reach each other, and keeps networks apart", () => {
    const pairs = intendedPairs(healthyView());
    assert.equal(find(pairs, "web", "api:8080")?.expected, "reachable");
    assert.equal(find(pairs, "web", "api:8080")?.because, "both are on network front");
    assert.equal(find(pairs, "web", "db:5432")?.expected, "unreachable");
    assert.equal(find(pairs, "db", "web:80")?.expected, "unreachable");
  });

  it("asks for ICMP where nobody listens", () => {
    assert.equal(find(intendedPairs(healthyView()), "web", "lonely/icmp")?.expected, "unreachable");
  });

  it("lets published ports be reached from here and from outside, and the outside from containers", () => {
    const pairs = intendedPairs(healthyView());
    assert.equal(find(pairs, "host", ":8080")?.because, "web publishes 80/tcp");
    assert.equal(find(pairs, "outside", ":8080")?.expected, "reachable");
    assert.equal(find(pairs, "web", "outside")?.expected, "reachable");
    const internal = intendedPairs(withNetwork("front", { internal: true }));
    assert.equal(find(internal, "web", "outside")?.expected, "unreachable");
  });

  it("follows grants, in their direction and at their port", () => {
    const { containers, networks } = healthySnapshot().intent;
    const end = (kind: "network" | "container", name: string) => ({
      ...{ kind, name },
      id: (kind === "network" ? networks : containers).find((one) => one.name === name)?.id ?? "",
    });
    const from = end("network", "front");
    const to = end("container", "db");
    const port = intendedPairs(withGrants([{ id: "1", from, to, protocol: "tcp", port: 5432, both: false }]));
    assert.equal(find(port, "web", "db:5432")?.expected, "reachable");
    assert.equal(find(port, "db", "web:80")?.expected, "unreachable");
    const other = intendedPairs(withGrants([{ id: "1", from, to, protocol: "tcp", port: 80, both: false }]));
    assert.equal(find(other, "web", "db:5432")?.expected, "unreachable");
    const both = intendedPairs(withGrants([{ id: "1", from, to, both: true }]));
    assert.equal(find(both, "db", "web:80")?.expected, "reachable");
  });

  it("keeps containers apart where the network does", () => {
    const options = { "com.docker.network.bridge.enable_icc": "false" };
    const pair = find(intendedPairs(withNetwork("front", { options })), "web", "api:8080");
    assert.equal(pair?.expected, "unreachable");
    assert.match(pair?.because ?? "", /keeps its containers apart/);
  });

  it("expects names on networks of users' own alone", () => {
    const names = intendedPairs(healthyView()).filter(({ kind }) => kind === "name");
    assert.deepEqual(names.map(({ from, to }) => `${from} ${to}`).sort(), ["api web", "web api"]);
  });

  it("is about some containers when they are named", () => {
    const view = healthyView();
    const db = view.snapshot.intent.containers.filter(({ name }) => name === "db");
    const pairs = intendedPairs(view, db);
    assert.ok(pairs.length > 0);
    assert.ok(pairs.every(({ from, to }) => from === "db" || to.startsWith("db")));
  });
});
