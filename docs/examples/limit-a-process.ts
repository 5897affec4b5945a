/**
 * Runs a program under limits, without the engine:
 *
 *     node docs/examples/limit-a-process.ts --memory 64m --cpus 0.5 --pids-limit 50 -- stress-ng --cpu 2 -t 5s
 *
 * In a project of your own, import from "ctr/cgroups".
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  beginning,
  Cgroups,
  checkLimits,
  commandInGroup,
  detectHost,
  explain,
  formatLimit,
  LIMIT_ROWS,
  type Limits,
  OomLog,
  parseLimits,
} from "../../cgroups/index.ts";

const [limits, argv] = parseArguments(process.argv.slice(2));
const host = detectHost();
for (const warning of checkLimits(limits, host).warnings) console.error(`WARNING: ${warning}`);

const logger = { debug() {}, info: console.error, warn: console.error, error: console.error };
const cgroups = new Cgroups({ host, parent: "/ctr-example", logger });
const id = `run-${process.pid}`;
const group = cgroups.create(id, limits);
const since = beginning(Date.now());
try {
  const [command = "", ...args] = commandInGroup(group, argv, limits);
  const child = spawn(command, args, { stdio: "inherit" });
  const [exitCode, signal] = await once(child, "exit");

  console.log(`\nexit ${signal ?? exitCode}, ${host.mode} cgroups`);
  for (const { limit, enforced, peak, file } of cgroups.read(id, limits)) {
    if (limits[limit] === undefined) continue;
    const used = peak === undefined ? "" : `, peak ${formatLimit(limit, peak)}`;
    console.log(`${limit}: ${formatLimit(limit, enforced)}${used} (${file})`);
  }
  const stats = cgroups.stats(id);
  console.log(
    `CPU time: ${(stats.cpuUsage / 1e9).toFixed(2)} s, throttled in ${stats.cpuThrottledPeriods} of ${stats.cpuPeriods} periods`,
  );

  // Why it was killed, or was slow: verdicts on recorded facts.
  const exit = { code: signal === "SIGKILL" ? 137 : exitCode, time: Date.now(), asked: "nothing" } as const;
  using oomLog = new OomLog();
  for (const { title, evidence } of explain(cgroups.facts(id, { asked: limits, since, oomLog, exit }))) {
    console.log(`\n${title}`);
    for (const { file, value, meaning } of evidence) console.log(`  ${file}: ${value} (${meaning})`);
  }
} finally {
  await cgroups.kill(id);
  await cgroups.remove(id);
  cgroups.removeParent();
}

/** The flags of the table, each as often as one likes, then `--`, then the program. */
function parseArguments(words: readonly string[]): [Limits, readonly string[]] {
  const end = words.indexOf("--");
  if (end < 0) throw new Error("usage: limit-a-process.ts [--memory 64m] [--cpus 0.5] … -- program [argument…]");
  const texts = new Map<string, string[]>();
  for (let index = 0; index < end; index += 2) {
    const flag = words[index] ?? "";
    texts.set(flag, [...(texts.get(flag) ?? []), words[index + 1] ?? ""]);
  }
  const asked = [...texts].map(([flag, values]) => {
    const row = LIMIT_ROWS.find((one) => one.flag === flag);
    if (row === undefined) throw new Error(`unknown flag: ${flag}`);
    return [row.field, parseLimits(row.field, values)];
  });
  return [Object.fromEntries(asked), words.slice(end + 1)];
}
