/** What a network engine has to hold after any operations, and the operations themselves, for a test with random ones. */
import assert from "node:assert/strict";
import type fc from "fast-check";
import { enterNetworkNamespace } from "../../../netns/namespace.ts";
import type { EngineFixture } from "./engine-fixture.ts";
import { ipJson } from "./private-network.ts";

export interface ModelContainer {
  /** In the order of connection. */
  readonly networks: string[];
  up: boolean;
  kept: boolean;
  /** Host ports that are asked for. */
  ports: number[];
}

export interface Model {
  readonly networks: Set<string>;
  readonly containers: Map<string, ModelContainer>;
}

export interface Real {
  readonly fixture: EngineFixture;
}

type Command = fc.AsyncCommand<Model, Real>;

export const idOf = (name: string): string => name.charCodeAt(0).toString(16).repeat(32);
export const CONFIG = { userlandProxy: false };

const binding = (hostPort: number) => ({ protocol: "tcp", containerPort: 80, hostIp: "0.0.0.0", hostPort }) as const;
const leadsOut = ({ networks }: ModelContainer): boolean => networks.some((network) => !network.startsWith("inner"));
const portsInUse = (model: Model): Set<number> =>
  new Set([...model.containers.values()].flatMap(({ up, ports }) => (up ? ports : [])));

function command(text: string, check: (model: Model) => boolean, run: Command["run"]): Command {
  return { check, run, toString: () => text };
}

/** The container, which `check` has seen to be there. */
const of = (model: Model, name: string): ModelContainer => model.containers.get(name) as ModelContainer;

export const createNetwork = (name: string, enableIPv6: boolean): Command =>
  command(
    `create network ${name}`,
    ({ networks }) => !networks.has(name),
    async ({ networks }, { fixture }) => {
      await fixture.engine.createNetwork({ name, enableIPv6, internal: name.startsWith("inner") });
      networks.add(name);
    },
  );

export const removeNetwork = (name: string): Command =>
  command(
    `remove network ${name}`,
    ({ networks }) => networks.has(name),
    async ({ networks, containers }, { fixture }) => {
      const users = [...containers.values()].filter((container) => container.networks.includes(name));
      if (users.length > 0) {
        const running = users.some(({ up, kept }) => up || kept);
        if (!running) return;
        await assert.rejects(fixture.engine.removeNetwork(name), { status: 403 });
        return;
      }
      await fixture.engine.removeNetwork(name);
      networks.delete(name);
    },
  );

export const connect = (name: string, network: string): Command =>
  command(
    `connect ${name} to ${network}`,
    ({ networks }) => networks.has(network),
    async (model, { fixture }) => {
      const container = model.containers.get(name) ?? { networks: [], up: false, kept: false, ports: [] };
      const request = { containerId: idOf(name), containerName: name, network };
      if (container.networks.includes(network)) {
        await assert.rejects(fixture.engine.connect(request), { code: "CTR_ENDPOINT_EXISTS" });
        return;
      }
      await fixture.engine.connect(request);
      container.networks.push(network);
      model.containers.set(name, container);
    },
  );

export const disconnect = (name: string, network: string): Command =>
  command(
    `disconnect ${name} from ${network}`,
    ({ networks, containers }) => networks.has(network) && containers.has(name),
    async (model, { fixture }) => {
      const container = of(model, name);
      const index = container.networks.indexOf(network);
      if (index < 0) {
        await assert.rejects(fixture.engine.disconnect(idOf(name), network), { code: "CTR_ENDPOINT_NOT_FOUND" });
        return;
      }
      await fixture.engine.disconnect(idOf(name), network);
      container.networks.splice(index, 1);
    },
  );

export const start = (name: string, ports: readonly number[]): Command =>
  command(
    `start ${name} with ${ports}`,
    ({ containers }) => containers.get(name)?.up === false,
    async (model, { fixture }) => {
      const container = of(model, name);
      const wanted = [...new Set(ports)];
      const others = [...model.containers.values()].filter(({ up }) => up);
      // Ports that are asked for and that no network carries yet come into force with one. The model keeps them apart.
      if (others.some((other) => !leadsOut(other) && wanted.some((port) => other.ports.includes(port)))) return;
      if (leadsOut(container) && wanted.some((port) => portsInUse(model).has(port))) {
        await assert.rejects(fixture.engine.setUp(idOf(name), wanted.map(binding)), { code: "CTR_PORT_ALLOCATED" });
        return;
      }
      const free = wanted.filter((port) => !portsInUse(model).has(port));
      await fixture.engine.setUp(idOf(name), free.map(binding));
      Object.assign(container, { up: true, kept: false, ports: free });
    },
  );

export const stop = (name: string, keep: boolean): Command =>
  command(
    `stop ${name}${keep ? " and keep its sandbox" : ""}`,
    ({ containers }) => containers.get(name)?.up === true,
    async (model, { fixture }) => {
      await fixture.engine.tearDown(idOf(name), { keep });
      Object.assign(of(model, name), { up: false, kept: keep, ports: [] });
    },
  );

export const publish = (name: string, port: number): Command =>
  command(
    `publish ${port} of ${name}`,
    (model) => model.containers.get(name)?.up === true && !portsInUse(model).has(port),
    async (model, { fixture }) => {
      await fixture.engine.publish(idOf(name), [binding(port)]);
      of(model, name).ports.push(port);
    },
  );

export const unpublish = (name: string, port: number): Command =>
  command(
    `unpublish ${port} of ${name}`,
    ({ containers }) =>
      containers.get(name)?.up === true && of({ networks: new Set(), containers }, name).ports.includes(port),
    async (model, { fixture }) => {
      await fixture.engine.unpublish(idOf(name), [{ protocol: "tcp", containerPort: 80, hostPort: port }]);
      const container = of(model, name);
      container.ports = container.ports.filter((other) => other !== port);
    },
  );

export const restart = (): Command =>
  command(
    "restart the engine",
    () => true,
    async ({ containers }, { fixture }) => {
      await fixture.close();
      await fixture.open(CONFIG);
      const live = [...containers].filter(([, { up, kept }]) => up || kept).map(([name]) => idOf(name));
      await fixture.engine.reconcile(new Set(live), new Set([...containers.keys()].map(idOf)));
    },
  );

/** The kernel, as iproute2 shows it, is what the model says. */
export async function checkKernel({ networks, containers }: Model, { engine, network }: EngineFixture): Promise<void> {
  assert.deepEqual(await engine.repair({ dryRun: true }), []);
  const bridges = ipJson("link", "show", "type", "bridge").map(({ ifname }) => ifname);
  const expected = [...networks].map((name) => engine.findNetwork(name).bridge);
  assert.deepEqual(bridges.sort(), ["ctr0", ...expected.filter((name) => name !== "ctr0")].sort());
  let cables = 0;
  for (const [name, container] of containers) {
    const endpoints = engine.endpointsOfContainer(idOf(name));
    assert.deepEqual(
      endpoints.map(({ networkName }) => networkName),
      container.networks,
    );
    const sandbox = engine.sandboxOf(idOf(name));
    assert.equal(sandbox !== undefined, container.up || container.kept);
    if (sandbox === undefined) continue;
    cables += endpoints.length;
    assert.deepEqual(
      sandbox.ports.map(({ hostPort }) => hostPort).sort(),
      (container.up && leadsOut(container) ? container.ports : []).sort(),
    );
    const shown = enterNetworkNamespace(network.namespace(idOf(name)), () => ipJson("address"));
    for (const { interfaceName, address, address6, macAddress } of endpoints) {
      const link = shown.find(({ ifname }) => ifname === interfaceName);
      assert.equal(link?.["address"], macAddress);
      const addresses = ((link?.["addr_info"] ?? []) as { local: string; scope: string }[]).filter(
        ({ scope }) => scope === "global",
      );
      assert.deepEqual(
        addresses.map(({ local }) => local),
        [address, address6].filter((text) => text !== ""),
      );
    }
    assert.equal(shown.length, endpoints.length + 1);
  }
  assert.equal(ipJson("link", "show", "type", "veth").length, cables);
}
