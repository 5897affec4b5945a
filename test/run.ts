/**
 * `npm test [PATTERN …]`: builds, runs the unit tests, then the integration tests, and ends with one line of counts. Beside
 * them it boots a machine with cgroup v2 alone (test/host-v2) and runs the tests of the limits there. A PATTERN limits the
 * run to test files whose path contains it; `npm test host-v2` runs in the machine also those of the whole engine and of
 * exact figures, which take minutes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const root = join(import.meta.dirname, "..");
const patterns = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), "ctr-test-"));
const counts = join(directory, "counts");
const env = { ...process.env, CTR_TEST_COUNTS: counts };

interface Counts {
  readonly passes: number;
  readonly failures: number;
  readonly pending: number;
}

async function runStep(argv: readonly string[]): Promise<boolean> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env });
  const [exitCode] = await once(child, "exit");
  return exitCode === 0;
}

async function runSuite(kind: "unit" | "integration"): Promise<boolean> {
  const files = globSync(`test/${kind}/**/*.test.ts`, { cwd: root })
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort();
  if (files.length === 0) return true;
  const reporter = join(root, "test/support/count-reporter.ts");
  return runStep(["mocha", "--config", `test/mocharc.${kind}.json`, "--reporter", reporter, "--spec", ...files]);
}

/**
 * Boots the machine with cgroup v2 alone. Beside all other tests it runs those that end soon, with little of the CPUs:
 * emulated, it would take all of them.
 * @returns what its tests wrote, and whether all passed; nothing when they are not wanted
 */
async function runMachine(): Promise<{ readonly output: string; readonly succeeded: boolean }> {
  const isAskedFor = patterns.includes("host-v2");
  if (patterns.length > 0 && !isAskedFor) return { output: "", succeeded: true };
  const main = ["node", "test/host-v2/main.ts"];
  const [program = "", ...args] = isAskedFor ? main : ["nice", "-n", "10", ...main, "--brief"];
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"], env });
  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return { output: `\n  On a machine with cgroup v2 alone:\n${output}`, succeeded: exitCode === 0 };
}

function readCounts(): Counts[] {
  try {
    return readFileSync(counts, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Counts);
  } catch {
    return [];
  }
}

// All steps run, whatever fails before: a reader of the log wants every failure.
const built = await runStep(["node", "bin/build.ts"]);
const machine = runMachine();
const unit = await runSuite("unit");
const integration = await runSuite("integration");
// Shown in one piece.
const { output, succeeded: machineSucceeded } = await machine;
process.stdout.write(output);
const results = readCounts();
rmSync(directory, { recursive: true, force: true });

const sum = (field: keyof Counts): number => results.reduce((total, result) => total + result[field], 0);
const skipped = sum("pending");
console.log(`${sum("passes")} passed, ${sum("failures")} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
process.exitCode =
  built && unit && integration && machineSucceeded && sum("failures") === 0 && sum("passes") > 0 ? 0 : 1;
