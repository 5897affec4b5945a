/**
 * How exactly limits hold, by real load of stress-ng through the engine: `ctr limit verify --host` again and again, over
 * `SECONDS=10` each, `ROUNDS=3` times. What the machine was too busy for is counted apart.
 */
import { TestEngine } from "../support/engine.ts";
import { median, printTable } from "./statistics.ts";

const SECONDS = Number(process.env["SECONDS"] ?? 10);
const ROUNDS = Number(process.env["ROUNDS"] ?? 3);

/** Milliseconds for a round of all trials. */
const PATIENCE = 600_000;

/** A line of `ctr limit verify --format json`. */
interface Outcome {
  readonly Limit: string;
  readonly Set: string;
  readonly Measured: string;
  readonly Deviation: number | null;
  readonly Verdict: string;
  readonly Why: string;
}

export async function benchAccuracy(): Promise<void> {
  console.log(`\nwhat is used against what is set, ${ROUNDS} rounds of ${SECONDS} s`);
  await using engine = await TestEngine.start({ busybox: false });
  const outcomes: Outcome[] = [];
  for (let round = 0; round < ROUNDS; round++) outcomes.push(...(await verifyHost(engine)));
  const groups = Map.groupBy(outcomes, ({ Limit, Set: set }) => `${Limit} ${set}`);
  const rows = [
    ["limit", "set", "deviation (median)", "largest", "pass", "fail", "not measurable", "last measurement"],
  ];
  for (const group of groups.values()) rows.push(rowOf(group));
  printTable(rows);
}

async function verifyHost(engine: TestEngine): Promise<Outcome[]> {
  const argv = ["limit", "verify", "--host", "--time", `${SECONDS}s`, "--format", "json"];
  // It ends with 1 when a limit does not hold: that is a result.
  const { stdout, stderr } = await engine.ctr(argv, { timeout: PATIENCE });
  if (stdout === "") throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Outcome);
}

function rowOf(outcomes: readonly Outcome[]): string[] {
  const count = (verdict: string): string => String(outcomes.filter(({ Verdict }) => Verdict === verdict).length);
  const deviations = outcomes.flatMap(({ Deviation, Verdict }) =>
    Deviation === null || Verdict === "not measurable" ? [] : [Deviation],
  );
  const largest = deviations.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0];
  const last = outcomes.at(-1);
  return [
    ...[last?.Limit ?? "", last?.Set ?? ""],
    ...[deviations.length === 0 ? undefined : median(deviations), largest].map(percent),
    ...["pass", "fail", "not measurable"].map(count),
    [last?.Measured, last?.Why].filter(Boolean).join("; "),
  ];
}

const percent = (share: number | undefined): string => (share === undefined ? "-" : `${(share * 100).toFixed(2)}%`);
