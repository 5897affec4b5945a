/**
 * `npm test [PATTERN …]`: builds, runs the unit tests, then the integration tests, and ends with one line of counts.
 * A PATTERN limits the run to test files whose path contains it.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const patterns = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), "ctr-test-"));
const counts = join(directory, "counts");

interface Counts {
  readonly passes: number;
  readonly failures: number;
  readonly pending: number;
}

function runStep(argv: readonly string[]): boolean {
  const [program = "", ...args] = argv;
  const env = { ...process.env, CTR_TEST_COUNTS: counts };
  return spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env }).status === 0;
}

function runSuite(kind: "unit" | "integration"): boolean {
  const files = globSync(`test/${kind}/**/*.test.ts`, { cwd: root })
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort();
  if (files.length === 0) return true;
  const reporter = join(root, "test/support/count-reporter.ts");
  return runStep(["mocha", "--config", `test/mocharc.${kind}.json`, "--reporter", reporter, "--spec", ...files]);
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

const steps = [() => runStep(["node", "bin/build.ts"]), () => runSuite("unit"), () => runSuite("integration")];
// All steps run, whatever fails before: a reader of the log wants every failure.
const succeeded = steps.map((step) => step()).every(Boolean);
const results = readCounts();
rmSync(directory, { recursive: true, force: true });

const sum = (field: keyof Counts): number => results.reduce((total, result) => total + result[field], 0);
const skipped = sum("pending");
console.log(`${sum("passes")} passed, ${sum("failures")} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
process.exitCode = succeeded && sum("failures") === 0 && sum("passes") > 0 ? 0 : 1;
