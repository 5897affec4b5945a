import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { Store } from "../../../lib/store.ts";
import { NETWORK_FAULT_POINTS, NetworkEngine, networkMigrations } from "../../../netns/index.ts";
import { enterNetworkNamespace, listNamespaces } from "../../../netns/namespace.ts";
import { ping, run } from "./engine-fixture.ts";
import { ip, ipJson, PrivateNetwork, snapshot } from "./private-network.ts";

const PROGRAM = join(import.meta.dirname, "fault-program.ts");
const CONTAINER = "a".repeat(64);

/** The next engine on what a killed one left. */
async function open(network: PrivateNetwork): Promise<{ engine: NetworkEngine; close: () => Promise<void> }> {
  const store = new Store(join(network.directory, "ctr.db"), [networkMigrations]);
  const engine = await NetworkEngine.open({ store, runDir: network.directory, config: {}, logger: silentLogger });
  const close = async (): Promise<void> => {
    await engine[Symbol.asyncDispose]();
    store[Symbol.dispose]();
  };
  return { engine, close };
}

/** As {@link snapshot}, without what the kernel chose for the default bridge. */
const trace = (): string => snapshot().replace(/^ctr0 \S+/m, "ctr0");

/** What there has to be of a container that runs: links, routes, ports. */
async function checkWhole(engine: NetworkEngine): Promise<void> {
  assert.deepEqual(await engine.repair({ dryRun: true }), []);
  const sandbox = engine.sandboxOf(CONTAINER);
  assert(sandbox?.namespacePath !== undefined);
  const inside = enterNetworkNamespace(sandbox.namespacePath, () => ipJson("link")).map(({ ifname }) => ifname);
  assert.deepEqual(inside, ["lo", ...sandbox.endpoints.map(({ interfaceName }) => interfaceName)]);
  for (const { address } of sandbox.endpoints) run(ping(address));
  const gateway = sandbox.endpoints.reduce((best, next) => (next.gatewayPriority > best.gatewayPriority ? next : best));
  const route = enterNetworkNamespace(sandbox.namespacePath, () => ip("route", "show", "default"));
  assert.match(route, new RegExp(`^default via ${gateway.gateway} dev ${gateway.interfaceName}`));
  const rules = run(["nft", "list", "ruleset"]);
  for (const { hostPort, containerPort } of sandbox.ports) {
    assert.match(rules, new RegExp(`tcp \\. ${hostPort} [^\\n]*${gateway.address} \\. ${containerPort}\\b`));
  }
  const published = new Set(sandbox.ports.map(({ hostPort }) => hostPort));
  for (const port of [8080, 8081])
    if (!published.has(port)) assert(!rules.includes(`tcp . ${port} `), `${port} is open`);
}

describe("an engine that is killed", () => {
  for (const point of NETWORK_FAULT_POINTS) {
    it(`at ${point} leaves what the next one makes whole, or takes away`, async () => {
      using network = PrivateNetwork.enter();
      const first = await open(network);
      const base = trace();
      await first.close();
      const { signal, stderr } = spawnSync(process.execPath, [PROGRAM, network.directory, point], { encoding: "utf8" });
      assert.equal(signal, "SIGKILL", `${point} did not come: ${stderr}`);
      const { engine, close } = await open(network);
      try {
        // The container runs from when its sandbox was whole; before, the runtime gives it up.
        const runs = !/^(createNetwork|setUp|removeNetwork:|tearDown)/.test(point);
        await engine.reconcile(new Set(runs ? [CONTAINER] : []));
        if (runs) await checkWhole(engine);
        else assert.equal(engine.sandboxOf(CONTAINER), undefined);
        assert.deepEqual(await engine.repair({ dryRun: true }), []);
        await engine.tearDown(CONTAINER);
        engine.releaseEndpoints(CONTAINER);
        for (const { name } of engine.networks()) {
          if (!["bridge", "host", "none"].includes(name)) await engine.removeNetwork(name);
        }
        assert.equal(trace(), base);
        assert.deepEqual(listNamespaces(network.namespace("")), []);
        // Everything can be had again.
        await engine.createNetwork({ name: "front", enableIPv6: true });
        engine.reserveEndpoint({ containerId: CONTAINER, containerName: "web", network: "front" });
        await engine.setUp(CONTAINER, [
          { protocol: "tcp", containerPort: 80, hostIp: "", hostPort: 8080 },
          { protocol: "tcp", containerPort: 80, hostIp: "", hostPort: 8081 },
        ]);
      } finally {
        await engine.endDataPlane();
        await close();
      }
    });
  }
});
