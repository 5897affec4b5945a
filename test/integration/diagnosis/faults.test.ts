import assert from "node:assert/strict";
import { CATALOGUE } from "../../faults/catalogue/index.ts";
import { DECOYS } from "../../faults/decoys.ts";
import type { Fault } from "../../faults/fault.ts";
import type { PathKind } from "../../faults/paths.ts";
import { type Outcome, Rounds } from "../../faults/rounds.ts";
import { UNCATALOGUED } from "../../faults/uncatalogued/index.ts";

/** Fixed: a failure is to be seen again. Other seeds are for `npm run bench -- diagnosis`. */
const SEED = 20_260;

/** One of each layer, on paths of each kind. */
const FAULTS: readonly (readonly [id: string, path: PathKind])[] = [
  ["101", "egress"],
  ["104", "published"],
  ["113", "hostToContainer"],
  ["190", "otherNetwork"],
  ["204", "hostPublished"],
  ["304", "icc"],
  ["401", "egress6"],
  ["501", "egressName"],
  ["602", "icc"],
  ["x-quota", "crossPublished"],
  ["x-nd", "icc6"],
];

const HEALTHY: readonly (readonly [id: string, path: PathKind])[] = [
  ["d-policy-accepts", "egress"],
  ["d-input-policy", "published"],
  ["d-nothing", "localhost"],
];

describe("ctr net why", () => {
  const outcomes: Outcome[] = [];
  let rounds: Rounds;
  before(() => {
    rounds = new Rounds({ seed: SEED, onOutcome: (outcome) => outcomes.push(outcome) });
  });
  after(() => rounds[Symbol.asyncDispose]());

  const named = (list: readonly Fault[], id: string, path: PathKind): Fault =>
    list.find((fault) => fault.id === id && fault.paths.includes(path)) ?? assert.fail(`there is no ${id} on ${path}`);

  const last = (): Outcome => outcomes.at(-1) ?? assert.fail("there is no outcome");

  for (const [id, path] of FAULTS) {
    const fault = named([...CATALOGUE, ...UNCATALOGUED], id, path);
    it(`names ${id} on ${path}: ${fault.title}`, async () => {
      await rounds.runFault(fault, path);
      const { problem, judgement, sideEffects } = last();
      assert.equal(problem, undefined);
      assert.ok(judgement?.first, `the first cause is wrong: ${judgement?.got}`);
      assert.ok(judgement.object, `what was broken is not named: ${judgement.got}`);
      assert.deepEqual(sideEffects, []);
    });
  }

  for (const [id, path] of HEALTHY) {
    const decoy = named(DECOYS, id, path);
    it(`finds nothing on ${path} when ${decoy.title}`, async () => {
      await rounds.runDecoy(decoy, path);
      const { problem, alarms, sideEffects } = last();
      assert.equal(problem, undefined);
      assert.deepEqual(alarms, []);
      assert.deepEqual(sideEffects, []);
    });
  }
});
