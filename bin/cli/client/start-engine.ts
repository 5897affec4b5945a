/** The first `ctr` of root starts the engine, detached, and waits until it listens. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, realpathSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { UnreachableError } from "../errors.ts";

/** Where an engine that nobody else started writes its log. */
export const LOG_FILE = "/var/lib/ctr/ctrd.log";
/** Exit code of `ctrd` when another one holds the same roots (EX_TEMPFAIL of sysexits.h). */
export const ALREADY_RUNNING = 75;

const DEADLINE = 10_000;
const INTERVAL = 5;
const LINES_SHOWN = 10;

/** @throws {UnreachableError} with the last lines of the engine's log */
export async function startEngine(socketPath: string): Promise<void> {
  mkdirSync(dirname(LOG_FILE), { recursive: true, mode: 0o711 });
  const log = openSync(LOG_FILE, "a", 0o640);
  const logStart = fstatSync(log).size;
  try {
    const engine = spawn(enginePath(), [], { detached: true, stdio: ["ignore", log, log], cwd: "/" });
    engine.unref();
    await listening(socketPath, engine, logStart);
  } finally {
    closeSync(log);
  }
}

/** `bin/ctrd` of the tree that this program belongs to: beside the bundle's folder, or above the sources'. */
function enginePath(): string {
  const own = dirname(realpathSync(process.argv[1] ?? ""));
  const path = [join(own, "../bin/ctrd"), join(own, "../ctrd")].find(existsSync);
  if (path === undefined) throw new UnreachableError(`Cannot start the ctr engine: there is no ctrd near ${own}`);
  return path;
}

async function listening(socketPath: string, engine: ChildProcess, logStart: number): Promise<void> {
  let failure: string | undefined;
  engine.on("error", (error) => {
    failure = error.message;
  });
  engine.on("exit", (code, signal) => {
    // Two clients may start an engine at once: the one that lost leaves the other to listen.
    if (code !== ALREADY_RUNNING) failure = signal === null ? `it ended with exit code ${code}` : `it got ${signal}`;
  });
  for (const deadline = Date.now() + DEADLINE; !(await accepts(socketPath)); await delay(INTERVAL)) {
    if (failure !== undefined) throw notStarted(failure, logStart);
    if (Date.now() > deadline) throw notStarted(`it does not listen after ${DEADLINE / 1000} seconds`, logStart);
  }
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function notStarted(why: string, logStart: number): UnreachableError {
  const written = readFileSync(LOG_FILE).subarray(logStart).toString().trimEnd();
  const lines = written === "" ? [] : written.split("\n").slice(-LINES_SHOWN);
  return new UnreachableError(
    [
      `Cannot start the ctr engine: ${why}.`,
      ...lines.map((line) => `  ${line}`),
      `The whole log is in ${LOG_FILE}; to see it live, run: ctrd`,
    ].join("\n"),
  );
}
