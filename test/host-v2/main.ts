/**
 * Boots a machine with cgroup v2 alone and runs tests in it: those of the limits, and the whole engine's. `npm test` starts
 * it beside the other tests. A machine that does not boot, or whose tests do not end in time, counts as a failed test.
 *
 *     node test/host-v2/main.ts [PATTERN …]    the integration tests whose path contains a pattern, whatever they are
 *     node test/host-v2/main.ts --command 'crun --version; cat /proc/cgroups'    anything else, to look around
 *
 * HOST_V2_TIMEOUT gives it more seconds than the usual ones.
 */
import {
  appendFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "../../lib/command.ts";
import { hasCode, messageOf } from "../../lib/errors.ts";
import { makeInitramfs } from "./initramfs.ts";
import { fetchKernel } from "./kernel.ts";
import { runMachine } from "./machine.ts";

const root = join(import.meta.dirname, "../..");

/** Files of tests that run in the machine, where a command takes seconds. */
const TESTS = ["test/integration/cgroups/*.test.ts", "test/host-v2/*.test.ts"];

/** Any may be asked for. */
const ALL_TESTS = ["test/integration/**/*.test.ts", "test/host-v2/*.test.ts"];

/** Seconds from power on to power off. */
const TIMEOUT = Number(process.env["HOST_V2_TIMEOUT"] ?? 900);

/** Lines of the machine's console that are shown when something fails. */
const CONSOLE_LINES = 60;

/** What the machine left. */
interface Outcome {
  /** What the tests wrote. */
  readonly output: string;
  /** Lines for the file that CTR_TEST_COUNTS names; empty when the tests did not come to an end. */
  readonly counts: string;
  readonly succeeded: boolean;
  /** False when the machine was turned off because its time was over. */
  readonly inTime: boolean;
  readonly console: string;
}

async function runInMachine(command: string, work: string): Promise<Outcome> {
  const results = join(work, "results");
  const console = join(work, "console");
  mkdirSync(results);
  const kernel = await fetchKernel();
  const initramfs = await makeInitramfs(kernel, work);
  writeFileSync(join(results, "repository"), realpathSync(root));
  writeFileSync(join(results, "modules"), realpathSync(join(kernel.directory, "lib/modules", kernel.version)));
  writeFileSync(join(results, "command"), command);
  const disk = await makeDisk(work);
  await warmUp(work, join(results, "node-cache.tar"));
  const inTime = await runMachine({ kernel, initramfs, results, disk, console, timeout: TIMEOUT });
  return {
    output: textOf(join(results, "output")),
    counts: textOf(join(results, "counts")),
    succeeded: textOf(join(results, "exit-code")).trim() === "0",
    inTime,
    console: textOf(console),
  };
}

/** Bytes, of which the file takes what is written. */
const DISK_SIZE = 2 ** 30;

async function makeDisk(work: string): Promise<string> {
  const disk = join(work, "disk");
  writeFileSync(disk, "");
  truncateSync(disk, DISK_SIZE);
  await runCommand(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", disk]);
  return disk;
}

/**
 * Compiles the programs and tests here, where it is done in a second, into a cache for the Node of the machine.
 * @param archive made of the cache: one file, because to open one costs the machine milliseconds
 */
async function warmUp(work: string, archive: string): Promise<void> {
  const cache = join(work, "node-cache");
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const commands = ["bin/ctr version --client", "bin/ctrd --version", `${mochaCommand([])} --dry-run`];
  await Promise.all(commands.map((command) => runCommand(["sh", "-c", command], { cwd: root, env, expect: [0, 1] })));
  await runCommand(["tar", "-C", cache, "-cf", archive, "."]);
}

function show({ output, succeeded, inTime, console }: Outcome): void {
  write(output);
  if (succeeded) return;
  if (!inTime) write(`\nThe machine was turned off after ${TIMEOUT} s, before its tests had ended.\n`);
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

/** A shell command that runs tests. @param patterns none for the usual ones */
function mochaCommand(patterns: readonly string[]): string {
  const files =
    patterns.length === 0
      ? globSync(TESTS, { cwd: root })
      : globSync(ALL_TESTS, { cwd: root }).filter((file) => patterns.some((pattern) => file.includes(pattern)));
  return ["mocha", "--config", "test/host-v2/mocharc.json", "--spec", ...files.sort()].join(" ");
}

const { values, positionals } = parseArgs({ options: { command: { type: "string" } }, allowPositionals: true });
const ONE_FAILURE = `${JSON.stringify({ passes: 0, failures: 1, pending: 0 })}\n`;
const work = mkdtempSync(join(tmpdir(), "ctr-host-v2-"));
try {
  const outcome = await runInMachine(values.command ?? mochaCommand(positionals), work);
  show(outcome);
  addCounts(outcome.counts === "" ? ONE_FAILURE : outcome.counts);
  process.exitCode = outcome.succeeded ? 0 : 1;
} catch (error) {
  write(`\nThe machine with cgroup v2 could not be started: ${messageOf(error)}\n`);
  addCounts(ONE_FAILURE);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
