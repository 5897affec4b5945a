/** Whether the same fault got the same verdict twice: whoever else uses the machine must not change what is said. */
import type { Outcome } from "./rounds.ts";

/** The same fault, at rest and with something beside it. */
export interface Comparison {
  readonly alone: Outcome;
  readonly beside: Outcome;
}

/** @returns undefined where one of the two was not measured */
export function isSame({ alone, beside }: Comparison): boolean | undefined {
  const [one, other] = [verdictOf(alone), verdictOf(beside)];
  return one === undefined || other === undefined ? undefined : one === other;
}

/** The result, the first cause, whether what is broken was named, and whether the fix helped; of decoys the alarms. */
export function verdictOf({ problem, kind, alarms = [], judgement, fix }: Outcome): string | undefined {
  if (problem !== undefined) return undefined;
  if (kind === "decoy") return alarms.length === 0 ? "green" : alarms.join("; ");
  const [result = "", code = "no cause"] = judgement?.got.split(" ") ?? [];
  return [
    `${result} ${code}`,
    ...(judgement?.object === true ? [] : ["object not named"]),
    ...(fix === undefined || fix === "not offered" ? [] : [`fix ${fix}`]),
  ].join(", ");
}

export function printComparison(comparisons: readonly Comparison[]): void {
  const measured = comparisons.filter((one) => isSame(one) !== undefined);
  const different = measured.filter((one) => isSame(one) === false);
  console.log(`\nthe same verdict: ${measured.length - different.length} of ${measured.length}`);
  for (const { alone, beside } of different) {
    console.log(`  ${alone.id} on ${alone.path}: ${verdictOf(alone)}; beside: ${verdictOf(beside)}`);
  }
  for (const { alone, beside } of comparisons.filter((one) => isSame(one) === undefined)) {
    console.log(`  ${alone.id} on ${alone.path} was not compared: ${alone.problem ?? beside.problem}`);
  }
}
