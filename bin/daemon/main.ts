/** `ctrd`: the engine as a process. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { CtrError, codeOf, messageOf } from "../../lib/errors.ts";
import { ApiServer, Engine } from "../../runtime/index.ts";
import { buildFacts } from "../build-facts.ts";
import { FlagError } from "../flags/errors.ts";
import { type DaemonFlags, daemonHelp, parseDaemonFlags } from "./flags.ts";
import { type DaemonLogger, openLog } from "./logging.ts";
import { checkHost } from "./preflight.ts";
import { type DaemonSettings, readSettings } from "./settings.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 125;
/** Another engine has these roots: EX_TEMPFAIL of sysexits.h. `ctr` tells it from a failure by this code. */
const EXIT_RUNNING = 75;

async function main(argv: readonly string[]): Promise<void> {
  const flags = parseDaemonFlags(argv);
  if (flags.help) return print(daemonHelp());
  if (flags.values.version) return print(versionLine());
  await serve(flags);
}

async function serve(flags: DaemonFlags): Promise<void> {
  const settings = readSettings(flags);
  checkHost();
  const logger = openLog(settings.logLevel, settings.logFormat);
  dieLoudly(logger);
  const stop = stopSignal(logger);
  await using resources = new AsyncDisposableStack();
  const engine = resources.use(await Engine.open(engineConfig(settings, logger)));
  writePidfile(settings.pidfile, resources);
  const server = new ApiServer(engine, logger);
  resources.defer(() => server.close());
  await server.listen(settings.hosts);
  logger.info("The engine is ready.", { version: engine.version().version, pid: process.pid });
  logger.info(`Got ${await stop}: ending. Containers go on.`);
}

function engineConfig(settings: DaemonSettings, logger: DaemonLogger) {
  const { hosts, dataRoot, execRoot, network, limits, insecureRegistries } = settings;
  const debug = settings.logLevel === "debug";
  return { dataRoot, execRoot, network, ...limits, insecureRegistries, logger, debug, hosts, build: buildFacts() };
}

/** The roots' locks decide who runs; the file is for people and scripts. */
function writePidfile(path: string, resources: AsyncDisposableStack): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileAtomic(path, `${process.pid}\n`);
  resources.defer(() => {
    if (readFileSync(path, "utf8").trim() === String(process.pid)) rmSync(path);
  });
}

/** Resolves with the name of the signal that ends the engine. */
function stopSignal(logger: DaemonLogger): Promise<NodeJS.Signals> {
  process.on("SIGHUP", () => logger.warn("Got SIGHUP: nothing is read again; restart ctrd to read its configuration."));
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}

/** After an error that nobody caught the state in memory cannot be trusted; the next engine finds the containers. */
function dieLoudly(logger: DaemonLogger): void {
  const die = (error: unknown): void => {
    logger.fatal(
      `Internal error, ctrd ends: ${messageOf(error)}`,
      error instanceof Error ? { stack: error.stack } : {},
    );
    process.exit(EXIT_FAILED);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
}

function versionLine(): string {
  const { version, gitCommit } = buildFacts();
  return `ctrd version ${version}, build ${gitCommit}\n`;
}

const print = (text: string): void => void process.stdout.write(text);

function report(error: unknown): number {
  if (error instanceof FlagError) {
    const wayOut = error.hint === undefined ? "" : `\n${error.hint}`;
    console.error(`${error.message}${wayOut}\n\nUsage:  ctrd [OPTIONS]\n\nRun 'ctrd --help' for more information`);
    return EXIT_USAGE;
  }
  console.error(`ctrd: ${messageOf(error)}`);
  if (error instanceof CtrError) {
    if (error.hint !== undefined) console.error(`      ${error.hint}`);
  } else if (error instanceof Error) console.error(error.stack);
  return codeOf(error) === "CTR_ENGINE_RUNNING" ? EXIT_RUNNING : EXIT_FAILED;
}

try {
  await main(process.argv.slice(2));
  // Whatever still holds the event loop must not keep a stopped engine alive.
  process.exit(0);
} catch (error) {
  process.exit(report(error));
}
