/**
 * `node test/host-v2/main.ts [PATTERN …]`: boots a machine with cgroup v2 alone and runs tests in it: those of the limits,
 * and the whole engine's. `npm test` starts it beside the other tests. A machine that does not boot, or whose tests do not
 * end in time, counts as a failed test.
 */
import { appendFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode, messageOf } from "../../lib/errors.ts";
import { makeInitramfs } from "./initramfs.ts";
import { fetchKernel } from "./kernel.ts";
import { runMachine } from "./machine.ts";

const root = join(import.meta.dirname, "../..");

const TESTS = ["test/integration/cgroups/*.test.ts", "test/host-v2/*.test.ts"];

/** Seconds from power on to power off. */
const TIMEOUT = 300;

/** Lines of the machine's console that are shown when something fails. */
const CONSOLE_LINES = 60;

/** What the machine left. */
interface Outcome {
  /** What the tests wrote. */
  readonly output: string;
  /** Lines for the file that CTR_TEST_COUNTS names; empty unless the tests came to an end. */
  readonly counts: string;
  readonly succeeded: boolean;
  readonly console: string;
}

async function runInMachine(files: readonly string[], work: string): Promise<Outcome> {
  const results = join(work, "results");
  const console = join(work, "console");
  mkdirSync(results);
  const kernel = await fetchKernel();
  const initramfs = await makeInitramfs(kernel, work);
  writeFileSync(join(results, "repository"), root);
  writeFileSync(join(results, "modules"), join(kernel.directory, "lib/modules", kernel.version));
  writeFileSync(join(results, "files"), files.join("\n"));
  await runMachine({ kernel, initramfs, results, console, timeout: TIMEOUT });
  return {
    output: textOf(join(results, "output")),
    counts: textOf(join(results, "counts")),
    succeeded: textOf(join(results, "exit-code")).trim() === "0",
    console: textOf(console),
  };
}

function show({ output, counts, succeeded, console }: Outcome): void {
  write(output);
  if (succeeded && counts !== "") return;
  if (counts === "") write(`\nThe machine's tests did not come to an end within ${TIMEOUT} s.\n`);
  write("\nThe last lines of the machine's console:\n");
  for (const line of console.trimEnd().split("\n").slice(-CONSOLE_LINES)) write(`  | ${line.trimEnd()}\n`);
}

function addCounts(lines: string): void {
  const file = process.env["CTR_TEST_COUNTS"];
  if (file !== undefined) appendFileSync(file, lines);
}

const write = (text: string): boolean => process.stdout.write(text);

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}

const patterns = process.argv.slice(2);
const files = globSync(TESTS, { cwd: root })
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .sort();
const ONE_FAILURE = `${JSON.stringify({ passes: 0, failures: 1, pending: 0 })}\n`;
const work = mkdtempSync(join(tmpdir(), "ctr-host-v2-"));
try {
  const outcome = await runInMachine(files, work);
  show(outcome);
  addCounts(outcome.counts || ONE_FAILURE);
  process.exitCode = outcome.succeeded && outcome.counts !== "" ? 0 : 1;
} catch (error) {
  write(`\nThe machine with cgroup v2 could not be started: ${messageOf(error)}\n`);
  addCounts(ONE_FAILURE);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
