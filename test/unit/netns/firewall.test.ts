import assert from "node:assert/strict";
import { CtrError } from "../../../lib/errors.ts";
import { silentLogger } from "../../../lib/log.ts";
import { BackendError } from "../../../netns/firewall/backend.ts";
import { RememberingFirewall } from "../../../netns/firewall/firewall.ts";
import type { FirewallGrant } from "../../../netns/firewall/types.ts";
import { watchFirewall } from "../../../netns/firewall/watch.ts";
import { waitFor } from "../../support/wait.ts";
import { FakeBackend, network, port } from "./firewall-fixture.ts";

const missing = () => new BackendError("nft: No such file or directory", true);
const refused = () => new BackendError("nft: Operation not permitted", false);
const grant: FirewallGrant = { from: { bridge: "ctr0" }, to: { bridge: "ctr1", address: "172.18.0.2" } };

describe("firewall", () => {
  let backend: FakeBackend;
  let firewall: RememberingFirewall;
  beforeEach(() => {
    backend = new FakeBackend();
    firewall = new RememberingFirewall(backend, [4, 6], silentLogger);
  });
  const portsPresent = () => [...backend.present].filter((key) => key.startsWith("hostPort"));

  it("does nothing for no ports and no grants", () => {
    firewall.publish([]);
    firewall.unpublish([]);
    firewall.allow([]);
    firewall.deny([]);
    firewall.deny(grant);
    firewall.removeNetwork("ctr0");
    assert.deepEqual(backend.calls, []);
  });

  it("closes ports at once, and those only that are open", () => {
    firewall.sync({ networks: [network], ports: [port({ hostPort: 1 }), port({ hostPort: 2 })] });
    firewall.unpublish([1, 2, 3].map((hostPort) => port({ hostPort })));
    assert.deepEqual(backend.calls, ["replace", "apply"]);
    assert.deepEqual(portsPresent(), []);
    firewall.unpublish([port({ hostPort: 1 })]);
    assert.equal(backend.calls.length, 2);
  });

  it("does not close a port that leads to another container by now", () => {
    firewall.sync({ networks: [network], ports: [port()] });
    firewall.unpublish([port({ address: "172.17.0.9" })]);
    assert.deepEqual(backend.calls, ["replace"]);
  });

  it("refuses a port that leads elsewhere, before anything is written; the same again is fine", () => {
    firewall.publish([port()]);
    firewall.publish([port({ hostIp: "0.0.0.0" })]);
    for (const ports of [
      [port({ hostPort: 1 }), port({ address: "172.17.0.9" })],
      [port({ hostPort: 2 }), port({ hostPort: 2, containerPort: 81 })],
    ]) {
      assert.throws(
        () => firewall.publish(ports),
        (error) => error instanceof CtrError && error.code === "CTR_FIREWALL_PORT_TAKEN" && error.status === 409,
      );
    }
    assert.deepEqual(backend.calls, ["apply"]);
  });

  it("writes everything again, with the change, when somebody took it away", () => {
    firewall.sync({ networks: [network], ports: [port({ hostPort: 1 })], grants: [grant] });
    const all = new Set(backend.present);
    backend.present.clear();
    backend.failures.push(missing());
    firewall.publish([port({ hostPort: 2 })]);
    assert.deepEqual(backend.calls, ["replace", "apply", "replace"]);
    assert.equal(backend.present.size, all.size + 1);
    firewall.unpublish([port({ hostPort: 2 })]);
    assert.deepEqual(backend.present, all);
  });

  it("does not write anew before it knows everything", () => {
    backend.failures.push(missing());
    assert.throws(() => firewall.publish([port()]), CtrError);
    assert.deepEqual(backend.calls, ["apply"]);
    assert.equal(firewall.heal(), false);
    assert(firewall.check());
  });

  it("forgets a change that failed", () => {
    firewall.sync({ networks: [network], ports: [port({ hostPort: 1 })] });
    const before = new Set(backend.present);
    for (const change of [
      () => firewall.publish([port({ hostPort: 2 })]),
      () => firewall.unpublish([port({ hostPort: 1 })]),
      () => firewall.allow(grant),
      () => firewall.addNetwork({ ...network, bridge: "ctr1", subnet4: "172.18.0.0/16" }),
      () => firewall.removeNetwork("ctr0"),
    ]) {
      backend.failures.push(refused());
      assert.throws(change, (error) => error instanceof CtrError && error.code === "CTR_FIREWALL_FAILED");
      firewall.heal();
      assert.deepEqual(backend.present, before);
    }
  });

  it("keeps what it knew when a sync fails", () => {
    firewall.sync({ networks: [network], ports: [port()] });
    const before = new Set(backend.present);
    backend.failures.push(refused());
    assert.throws(() => firewall.sync({ networks: [], ports: [] }), CtrError);
    firewall.heal();
    assert.deepEqual(backend.present, before);
  });

  it("replaces what belongs to a network that changed, its ports included", () => {
    firewall.sync({ networks: [network], ports: [port({ bridge: "ctr0" })] });
    firewall.addNetwork({ ...network, subnet4: "10.0.0.0/24", gatewayMode4: "routed" });
    assert(!backend.present.has("subnet4 172.17.0.0/16"));
    assert(backend.present.has("subnet4 10.0.0.0/24"));
    assert.deepEqual(portsPresent(), []);
    assert(backend.present.has("open4  172.17.0.2 tcp 80"));
    firewall.unpublish([port({ bridge: "ctr0" })]);
    firewall.removeNetwork("ctr0");
    assert.deepEqual([...backend.present], []);
  });

  it("keeps an entry as long as anything needs it", () => {
    const routed = { ...network, gatewayMode4: "routed" } as const;
    const twice = [port({ bridge: "ctr0" }), port({ bridge: "ctr0", hostPort: 8081 })];
    firewall.sync({ networks: [routed], ports: twice });
    firewall.unpublish(twice.slice(0, 1));
    assert(backend.present.has("open4  172.17.0.2 tcp 80"));
    firewall.unpublish(twice.slice(1));
    assert(!backend.present.has("open4  172.17.0.2 tcp 80"));
  });

  it("keeps a permission as long as anybody gives it", () => {
    firewall.allow([
      { ...grant, owner: "link" },
      { ...grant, owner: "7" },
    ]);
    firewall.deny({ ...grant, owner: "link" });
    assert.equal([...backend.present].filter((key) => key.startsWith("grant")).length, 1);
    firewall.deny({ ...grant, owner: "7" });
    assert.deepEqual([...backend.present], []);
  });

  it("heals when it is watched, and goes on after a failure", async () => {
    firewall.sync({ networks: [network], ports: [port()] });
    let heals = 0;
    using _watch = watchFirewall({ firewall, logger: silentLogger, onHeal: () => heals++, interval: 1 });
    backend.failures.push(refused());
    backend.present.clear();
    await waitFor("healing", () => heals === 1);
    assert(firewall.check());
    assert.deepEqual(backend.calls, ["replace", "replace", "replace"]);
  });

  it("lists with the drops of others", async () => {
    assert.deepEqual(await firewall.listing(), {
      backend: "nftables",
      rows: [],
      foreignDrops: ["table ip other, chain FORWARD: policy drop"],
    });
  });
});
