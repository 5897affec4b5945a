import assert from "node:assert/strict";
import { PrivateNetwork } from "../private-network.ts";
import { type Answer, compare, contradictionsIn } from "./oracle/compare.ts";

/** How many topologies; by hand many more, see oracle/main.ts. */
const TOPOLOGIES = 14;
/** Of all answers, those that the model may leave open. */
const MOST_UNKNOWN = 0.1;

const FIRST_SEED = Number(process.env["CTR_SEED"] ?? 1);

describe("the model of the packet's way, beside the kernel", () => {
  it(`says of random hosts what the kernel does (CTR_SEED=${FIRST_SEED})`, () => {
    using network = PrivateNetwork.enter();
    const answers: Answer[] = [];
    const wrong: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + TOPOLOGIES; seed++) {
      const comparison = compare(network, seed);
      answers.push(...comparison.answers);
      wrong.push(...contradictionsIn(comparison).map((answer) => `seed ${seed}: ${describeAnswer(answer)}`));
    }
    assert.deepEqual(wrong, []);
    const share = (of: (answer: Answer) => boolean): number => answers.filter(of).length / answers.length;
    assert.ok(share(({ walk }) => walk.result === "unknown") < MOST_UNKNOWN, "too much is left open");
    assert.ok(
      share(({ isReached }) => isReached) > 0.1,
      "hardly anything is reached: the hosts are not what they should be",
    );
  });
});

function describeAnswer({ flow, walk, isReached }: Answer): string {
  const [first] = walk.deaths;
  const end = first === undefined ? "" : ` (${first.hop.text})`;
  return `${flow.fromText} → ${flow.toText}/${flow.protocol}: ${walk.result}${end}, the kernel ${isReached ? "answers" : "does not"}`;
}
