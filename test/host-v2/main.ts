/**
 * Boots a machine with cgroup v2 alone and runs tests in it: those of the limits, and the whole engine's.
 *
 *     node test/host-v2/main.ts --brief          those that end soon: `npm test` runs them beside all others
 *     node test/host-v2/main.ts                  all of them, as `npm test host-v2`
 *     node test/host-v2/main.ts PATTERN …        the integration tests whose path contains a pattern, whatever they are
 *     node test/host-v2/main.ts --command 'crun --version; cat /proc/cgroups'    anything else, to look around
 *
 * HOST_V2_TIMEOUT gives it more seconds than the usual ones. With --brief, tests are skipped where QEMU or a kernel for
 * it cannot be had, or the computer is too busy to run it.
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
import { chooseFiles } from "./files.ts";
import { makeInitramfs } from "./initramfs.ts";
import { fetchKernel, type Kernel } from "./kernel.ts";
import { checkQemu, runMachine } from "./machine.ts";
import { type Outcome, type Report, reportOf, reportOfFailure, reportOfSkipping } from "./report.ts";

const root = join(import.meta.dirname, "../..");

/** Seconds from power on to power off: more than twice what they take on a computer of two CPUs that does nothing else. */
const TIMEOUT = 900;

/** Those that run beside all other tests get what is left of the CPUs, and must not make `npm test` longer than 20 minutes. */
const BRIEF_TIMEOUT = 1020;

/** What the machine is for. */
interface Job {
  /** For a shell in the machine. */
  readonly command: string;
  /** Seconds that it has. */
  readonly timeout: number;
}

/** Bytes, of which the file takes what is written. */
const DISK_SIZE = 2 ** 30;

async function runInMachine(kernel: Kernel, { command, timeout }: Job, work: string): Promise<Outcome> {
  const results = join(work, "results");
  const console = join(work, "console");
  mkdirSync(results);
  const initramfs = await makeInitramfs(kernel, work);
  writeFileSync(join(results, "repository"), realpathSync(root));
  writeFileSync(join(results, "modules"), realpathSync(join(kernel.directory, "lib/modules", kernel.version)));
  writeFileSync(join(results, "command"), command);
  const disk = await makeDisk(work);
  await warmUp(work, command, join(results, "node-cache.tar"));
  const cutAfter = await runMachine({ kernel, initramfs, results, disk, console, timeout });
  return {
    output: textOf(join(results, "output")),
    counts: textOf(join(results, "counts")),
    succeeded: textOf(join(results, "exit-code")).trim() === "0",
    cutAfter,
    console: textOf(console),
  };
}

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
async function warmUp(work: string, command: string, archive: string): Promise<void> {
  const cache = join(work, "node-cache");
  const { CTR_TEST_COUNTS: _counts, ...environment } = process.env;
  const env = { ...environment, NODE_COMPILE_CACHE: cache };
  const tests = command.startsWith("mocha ") ? [`${command} --dry-run`] : [];
  const commands = ["bin/ctr version --client", "bin/ctrd --version", ...tests];
  await Promise.all(commands.map((line) => runCommand(["sh", "-c", line], { cwd: root, env, expect: [0, 1] })));
  await runCommand(["tar", "-C", cache, "-cf", archive, "."]);
}

/** A shell command that runs tests. */
function mochaCommand(patterns: readonly string[], brief: boolean): string {
  const all = globSync(["test/integration/**/*.test.ts", "test/host-v2/*.test.ts"], { cwd: root });
  const files = chooseFiles(all, { patterns, brief });
  return ["mocha", "--config", "test/host-v2/mocharc.json", "--spec", ...files].join(" ");
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}

async function report(job: Job, mayBeSkipped: boolean): Promise<Report> {
  const work = mkdtempSync(join(tmpdir(), "ctr-host-v2-"));
  try {
    const kernel = await checkQemu()
      .then(fetchKernel)
      .catch((error: unknown) => messageOf(error));
    if (typeof kernel === "string") return mayBeSkipped ? reportOfSkipping(kernel) : reportOfFailure(kernel);
    return reportOf(await runInMachine(kernel, job, work), job.timeout, mayBeSkipped);
  } catch (error) {
    return reportOfFailure(messageOf(error));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: { command: { type: "string" }, brief: { type: "boolean", default: false } },
  allowPositionals: true,
});
const job: Job = {
  command: values.command ?? mochaCommand(positionals, values.brief),
  timeout: Number(process.env["HOST_V2_TIMEOUT"] ?? (values.brief ? BRIEF_TIMEOUT : TIMEOUT)),
};
const { text, counts, succeeded } = await report(job, values.brief);
process.stdout.write(text);
const file = process.env["CTR_TEST_COUNTS"];
if (file !== undefined) appendFileSync(file, counts);
process.exitCode = succeeded ? 0 : 1;
