import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Store } from "../../../lib/store.ts";
import { NetworkStore, networkMigrations } from "../../../netns/store/index.ts";

describe("the network layer's state", () => {
  it("takes over what the first version wrote", () => {
    const directory = mkdtempSync(join(tmpdir(), "ctr-store-"));
    try {
      const path = join(directory, "ctr.db");
      const [first = ""] = networkMigrations.steps;
      const old = new Store(path, [{ layer: "netns", steps: [first] }]);
      old.run(
        `INSERT INTO networks VALUES ('n1', 'bridge', 'bridge', '2026-01-01T00:00:00Z', '172.17.0.0/16', '172.17.0.1',
           'ctr0', 1500, 0, '{"a":"b"}', '{}'), ('n2', 'none', 'null', '2026-01-01T00:00:00Z', NULL, NULL, NULL, NULL, 0, '{}', '{}')`,
      );
      old.run("INSERT INTO endpoints VALUES ('e1', 'n1', 'c1', 'web', 2886795266, '02:00:00:00:00:01')");
      old.run("INSERT INTO endpoints VALUES ('e2', 'n1', 'c2', 'stopped', 2886795267, '02:00:00:00:00:02')");
      old.run("INSERT INTO sandboxes VALUES ('c1', '/run/ctr/netns/c1')");
      old.run("INSERT INTO published_ports VALUES ('c1', 'tcp', '0.0.0.0', 8080, 80)");
      old[Symbol.dispose]();

      using database = new Store(path, [networkMigrations]);
      const store = new NetworkStore(database);
      const [bridge, none] = store.networks();
      assert.deepEqual(bridge, {
        id: "n1",
        name: "bridge",
        driver: "bridge",
        created: "2026-01-01T00:00:00Z",
        enableIPv4: true,
        enableIPv6: false,
        subnets: [{ subnet: "172.17.0.0/16", gateway: "172.17.0.1" }],
        internal: false,
        attachable: false,
        ipamDriver: "default",
        ipamOptions: {},
        options: { a: "b" },
        labels: {},
        bridge: "ctr0",
        mtu: 1500,
      });
      assert.deepEqual(none?.subnets, []);
      const [running] = store.endpointsOfContainer("c1");
      assert.deepEqual(running?.address, { family: 4, value: 2886795266n });
      assert.equal(running?.interfaceName, "eth0");
      assert.equal(store.endpointsOfContainer("c2")[0]?.interfaceName, undefined);
      const port = { protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort: 8080 } as const;
      assert.deepEqual(store.portsOf("c1"), [port]);
      assert.deepEqual(store.sandbox("c1")?.bindings, [port]);
      assert.equal(store.sandbox("c1")?.kept, false);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
