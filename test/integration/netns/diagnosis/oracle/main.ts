/** By hand: `node …/oracle/main.ts FIRST COUNT` compares many topologies and shows where the model is wrong. */
import { writeFileSync } from "node:fs";
import { PrivateNetwork } from "../../private-network.ts";
import { compare, contradictionsIn } from "./compare.ts";

const [first = 1, count = 50] = process.argv.slice(2).map(Number);
using network = PrivateNetwork.enter();
let answers = 0;
let unknown = 0;
let wrong = 0;
for (let seed = first; seed < first + count; seed++) {
  const comparison = compare(network, seed);
  answers += comparison.answers.length;
  unknown += comparison.answers.filter(({ walk }) => walk.result === "unknown").length;
  const contradictions = contradictionsIn(comparison);
  wrong += contradictions.length;
  if (contradictions.length === 0) continue;
  console.log(`\nseed ${seed}`);
  for (const { host, script } of comparison.changes) console.log(`  ${host}: ${script.replaceAll("\n", "\n    ")}`);
  for (const { flow, walk, isReached } of contradictions) {
    console.log(
      `  ${flow.fromText} → ${flow.toText}/${flow.protocol}: model ${walk.result}, kernel ${isReached ? "answers" : "does not"}`,
    );
    for (const { direction, death } of walk.deaths.slice(0, 2))
      console.log(`     ${direction} ${death.kind} ${JSON.stringify(death.facts)}`);
  }
  writeFileSync(`${process.env["TMPDIR"] ?? "/tmp"}/oracle-${seed}.json`, JSON.stringify(comparison.snapshot));
}
console.log(`\n${answers} answers, ${unknown} unknown, ${wrong} wrong`);
