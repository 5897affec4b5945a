/**
 * `npm run quickstart`: from a fresh clone to a web server in a container, on a bridge of ctr's own, reachable on a
 * published port, under limits that hold; and a screen that says what was made. Running it again changes nothing;
 * `--clean` takes everything away. bin/setup.sh has installed the packages before.
 */
import { CtrError, messageOf } from "../../lib/errors.ts";
import { clean } from "./clean.ts";
import { buildPrograms, importBusybox, startEngine, startWebServer } from "./demonstration.ts";
import { report } from "./report.ts";
import { step } from "./terminal.ts";

async function demonstrate(): Promise<void> {
  await step("Building ctr and ctrd", buildPrograms);
  await step("Starting the engine", startEngine);
  await step("Making a busybox image from the system's static busybox", importBusybox);
  const web = await step("Running a web server in a container", startWebServer);
  await report(web);
}

async function main(flags: readonly string[]): Promise<void> {
  if (flags.length === 0) return demonstrate();
  if (flags.length === 1 && flags[0] === "--clean") return clean();
  throw new Error(`unknown argument ${flags.join(" ")}; usage: npm run quickstart [-- --clean]`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`\nerror: ${messageOf(error)}`);
  if (error instanceof CtrError && error.hint !== undefined) console.error(`       ${error.hint}`);
  process.exitCode = 1;
}
