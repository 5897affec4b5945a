import assert from "node:assert/strict";
import fc from "fast-check";
import { listNamespaces } from "../../../netns/namespace.ts";
import { EngineFixture } from "./engine-fixture.ts";
import * as model from "./model.ts";
import { snapshot } from "./private-network.ts";

/** `MODEL_RUNS=200` looks further, for as many minutes as it takes. */
const SEQUENCES = Number(process.env["MODEL_RUNS"] ?? 40);

const NETWORKS = ["front", "back", "inner"] as const;
const network = fc.constantFrom(...NETWORKS);
const anyNetwork = fc.constantFrom(...NETWORKS, "bridge");
const container = fc.constantFrom("a", "b", "c");
const port = fc.integer({ min: 7000, max: 7005 });

const commands = fc.commands(
  [
    fc.tuple(network, fc.boolean()).map(([name, ipv6]) => model.createNetwork(name, ipv6)),
    network.map(model.removeNetwork),
    fc.tuple(container, anyNetwork).map(([name, to]) => model.connect(name, to)),
    fc.tuple(container, anyNetwork).map(([name, to]) => model.connect(name, to)),
    fc.tuple(container, anyNetwork).map(([name, from]) => model.disconnect(name, from)),
    fc.tuple(container, fc.array(port, { maxLength: 2 })).map(([name, ports]) => model.start(name, ports)),
    fc.tuple(container, fc.array(port, { maxLength: 2 })).map(([name, ports]) => model.start(name, ports)),
    fc.tuple(container, fc.boolean()).map(([name, keep]) => model.stop(name, keep)),
    fc.tuple(container, port).map(([name, one]) => model.publish(name, one)),
    fc.tuple(container, port).map(([name, one]) => model.unpublish(name, one)),
    fc.constant(model.restart()),
  ],
  { maxCommands: 40, size: "max" },
);

/** Takes everything away. */
async function clear({ engine }: EngineFixture, { containers, networks }: model.Model): Promise<void> {
  for (const name of containers.keys()) {
    await engine.tearDown(model.idOf(name));
    engine.releaseEndpoints(model.idOf(name));
  }
  for (const name of networks) if (name !== "bridge") await engine.removeNetwork(name);
}

describe("any sequence of network operations", () => {
  it("leaves the kernel as intended, and nothing when all is taken away", async function () {
    this.timeout(900_000);
    await using fixture = await EngineFixture.start(model.CONFIG);
    await fixture.engine.reconcile(new Set());
    const before = snapshot();
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const state: model.Model = { networks: new Set(["bridge"]), containers: new Map() };
        try {
          await fc.asyncModelRun(() => ({ model: state, real: { fixture } }), sequence);
          await model.checkKernel(state, fixture);
        } finally {
          await clear(fixture, state);
        }
        assert.equal(snapshot(), before);
        assert.deepEqual(listNamespaces(fixture.network.namespace("")), []);
        for (const table of ["endpoints", "sandboxes", "published_ports", "shapes", "lost_networks", "grants"]) {
          assert.deepEqual(fixture.store.all(`SELECT * FROM ${table}`), [], table);
        }
      }),
      { numRuns: SEQUENCES, endOnFailure: true },
    );
  });
});
