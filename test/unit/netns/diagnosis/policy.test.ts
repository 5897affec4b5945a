import assert from "node:assert/strict";
import { banOf } from "../../../../netns/diagnosis/policy.ts";
import type { Flow } from "../../../../netns/diagnosis/types/index.ts";
import type { Grant } from "../../../../netns/types.ts";
import { Damaged } from "./causes/damaged.ts";

const ban = (host: Damaged, details: Partial<Flow>, destination?: string): string | undefined =>
  banOf(host.view, host.flow(details), destination)?.kind;

const grant = (host: Damaged, from: string, to: string, more: Partial<Grant> = {}): Grant => ({
  ...{ id: "g", both: false },
  from: { kind: "container", id: host.container(from).id, name: from },
  to: { kind: "container", id: host.container(to).id, name: to },
  ...more,
});

describe("what the user's settings forbid", () => {
  const outside: Partial<Flow> = { from: "outside", source: "192.0.2.2" };

  it("is nothing within a network, unless its containers are to be kept apart", () => {
    const host = new Damaged();
    assert.equal(ban(host, {}), undefined);
    host.network("front").options["com.docker.network.bridge.enable_icc"] = "false";
    assert.equal(ban(host, {}), "icc");
  });

  it("is what goes from one network to another without a grant", () => {
    const host = new Damaged();
    const toDb = { destination: host.address("db"), destinationPort: 5432 };
    assert.equal(ban(host, toDb), "apart");
    host.snapshot.intent.grants = [grant(host, "web", "db", { protocol: "tcp", port: 5433 })];
    assert.equal(ban(host, toDb), "apart");
    host.snapshot.intent.grants = [grant(host, "web", "db", { protocol: "tcp", port: 5432 })];
    assert.equal(ban(host, toDb), undefined);
    host.snapshot.intent.grants = [grant(host, "db", "web")];
    assert.equal(ban(host, toDb), "apart");
    host.snapshot.intent.grants = [grant(host, "db", "web", { both: true })];
    assert.equal(ban(host, toDb), undefined);
    const { id, name } = host.network("front");
    host.snapshot.intent.grants = [grant(host, "web", "db", { from: { kind: "network", id, name } })];
    assert.equal(ban(host, toDb), undefined);
  });

  it("is not a published port, wherever it is asked for", () => {
    const host = new Damaged();
    const port = { destination: "192.0.2.1", destinationPort: 8080 };
    assert.equal(ban(host, { from: host.container("db").id, ...port }, host.address("web")), undefined);
    assert.equal(ban(host, { ...outside, ...port }, host.address("web")), undefined);
  });

  it("is a container's own port, from outside, unless the network's mode opens it", () => {
    const host = new Damaged();
    const toWeb = { ...outside, destination: host.address("web"), destinationPort: 80 };
    assert.equal(ban(host, toWeb), "unpublished");
    assert.equal(ban(host, { ...toWeb, from: "host" }), undefined);
    const mode = "com.docker.network.bridge.gateway_mode_ipv4";
    host.network("front").options[mode] = "routed";
    assert.equal(ban(host, toWeb), undefined);
    assert.equal(ban(host, { ...toWeb, destinationPort: 81 }), "unpublished");
    host.network("front").options[mode] = "nat-unprotected";
    assert.equal(ban(host, { ...toWeb, destinationPort: 81 }), undefined);
  });

  it("is the way out of networks that are all internal", () => {
    const host = new Damaged();
    const out = { destination: "198.51.100.1", destinationPort: 443 };
    assert.equal(ban(host, out), undefined);
    host.network("front").internal = true;
    for (const endpoint of host.container("web").endpoints) endpoint.gateway = "";
    assert.equal(ban(host, out), "internal");
    assert.equal(ban(host, { destination: "10.10.1.1" }), undefined);
    host.container("web").endpoints.push({
      ...host.container("lonely").endpoints[0],
      containerId: host.container("web").id,
    } as never);
    assert.equal(ban(host, out), undefined);
  });
});
