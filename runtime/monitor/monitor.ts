/**
 * One conmon a container: it holds the container's standard streams, writes its log and its exit code, and outlives the
 * engine. All that the monitor needs to find a container again after a restart is in files: the bundle's pid files and
 * sockets, the exit directory, and the runtime's state directory.
 */
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { hasCode, messageOf, systemFailure } from "../../lib/errors.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import { identifyProcess, type ProcessIdentity } from "../../lib/system/process.ts";
import type { AttachOptions, StreamAttachment } from "./attachment.ts";
import { CONMON_PID_FILE, launchConmon, PID_FILE, RuntimeFailure } from "./conmon.ts";
import { Console } from "./console.ts";
import { ExitDirectory } from "./exits.ts";
import { type RuntimeProgram, RuntimeState } from "./runtime-state.ts";

export interface MonitorOptions {
  readonly runtime: RuntimeProgram;
  /** `<exec-root>`: state of this boot. Short: sockets in it have at most 107 bytes of path. */
  readonly runDir: string;
  /** Path of conmon; looked for on PATH when absent. */
  readonly conmon?: string;
  /** Makes the runtime's text fit for users: Docker's wording, status and exit code. */
  readonly mapError?: (message: string) => Error;
}

export interface CreateOptions {
  readonly id: string;
  readonly name: string;
  /** Directory with `config.json`. */
  readonly bundle: string;
  readonly logPath: string | undefined;
  readonly tty: boolean;
  /** The container gets an input (`OpenStdin`). */
  readonly stdin: boolean;
  /** The first client that ends its input ends the container's (`StdinOnce`). */
  readonly stdinOnce: boolean;
}

export interface MonitoredProcess {
  readonly init: ProcessIdentity;
  readonly conmon: ProcessIdentity;
}

export interface ExecOptions {
  readonly containerId: string;
  readonly execId: string;
  /** A directory of the exec's own, made and removed by the monitor. */
  readonly directory: string;
  /** OCI process as JSON text. */
  readonly process: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** The group to run it in, below the container's; the container's own when absent. */
  readonly group?: string | undefined;
  /** −1000 … 1000: its own, else that of the container. */
  readonly oomScoreAdj?: number;
}

export interface ExecSession {
  readonly pid: number;
  /** Resolves with the exit code when the program has ended, and its output has been handed on. */
  readonly exited: Promise<number>;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export class Monitor implements Disposable {
  readonly exits: ExitDirectory;
  readonly state: RuntimeState;
  readonly #options: MonitorOptions;
  readonly #conmon: string;
  readonly #scratch: string;
  readonly #consoles = new Map<string, Console>();

  /** @throws `system` when conmon is not installed */
  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#conmon = options.conmon ?? findProgram("conmon");
    this.#scratch = join(options.runDir, "tmp");
    mkdirSync(this.#scratch, { recursive: true, mode: 0o700 });
    this.state = new RuntimeState(options.runtime, join(options.runDir, options.runtime.name));
    mkdirSync(this.state.root, { recursive: true, mode: 0o700 });
    this.exits = new ExitDirectory(join(options.runDir, "exits"));
  }

  /**
   * Makes the container's processes, up to just before its program: that waits for {@link start}.
   * Clients that attached before are connected, so that they miss nothing.
   * @param prepare fills the bundle and makes all that it names, while conmon starts
   * @throws what `prepare` throws, or what `mapError` makes of the runtime's text; nothing is left then
   */
  async create(options: CreateOptions, prepare: () => Promise<void> = async () => {}): Promise<MonitoredProcess> {
    const { id, bundle } = options;
    removeSessionFiles(bundle);
    this.exits.forget(id);
    const conmon = launchConmon(this.#conmon, this.#scratch, {
      containerId: id,
      sessionId: id,
      name: options.name,
      runtimePath: this.#options.runtime.path,
      runtimeRoot: this.state.root,
      directory: bundle,
      exitDirectory: this.exits.path,
      logPath: options.logPath,
      tty: options.tty,
      stdin: options.stdin,
      leaveStdinOpen: !closesInput(options),
    });
    try {
      await prepare().catch(async (error: unknown) => {
        await conmon.abandon();
        throw error;
      });
      conmon.go();
      const [pid] = await Promise.all([conmon.answer(), conmon.detached]);
      const processes = { init: identify(pid), conmon: identify(readPid(join(bundle, CONMON_PID_FILE)) ?? 0) };
      const console = this.#console(id, options);
      if (console.attached) console.connect(join(bundle, "attach"));
      return processes;
    } catch (error) {
      // Its first process may still be about to write into the bundle, which is removed now.
      await conmon.detached.catch(() => {});
      await this.state.delete(id, undefined).catch(() => {});
      throw this.#mapped(error);
    } finally {
      conmon.release();
    }
  }

  /** Lets a created container run its program. */
  async start(id: string, init: ProcessIdentity): Promise<void> {
    try {
      await this.state.start(id, init);
    } catch (error) {
      throw this.#mapped(error);
    }
  }

  /**
   * The streams of a container. One that does not run yet gets its client connected by {@link create}.
   * @param bundle of the running container; undefined when it does not run
   */
  attach(
    options: Pick<CreateOptions, "id" | "tty" | "stdin" | "stdinOnce">,
    bundle: string | undefined,
    streams: AttachOptions,
  ): StreamAttachment {
    const console = this.#console(options.id, options);
    const attachment = console.attach(streams);
    if (bundle === undefined) return attachment;
    try {
      console.connect(join(bundle, "attach"));
    } catch (error) {
      // The container has ended a moment ago: its output is over.
      if (!hasCode(error, "ENOENT", "ECONNREFUSED")) throw error;
      console.close();
    }
    return attachment;
  }

  /**
   * The container has ended: its streams run dry by themselves, new clients wait for the next start.
   * @returns resolves when its clients have taken all output, so that none of them learns of the end before; a slow one is
   *   not waited for longer than two seconds, as in Docker
   */
  async release(id: string): Promise<void> {
    const console = this.#consoles.get(id);
    if (console === undefined) return;
    this.#consoles.delete(id);
    const ended = console.ended();
    if (!console.connected) console.close();
    await within(SLOW_CLIENT, ended);
  }

  /** Drops all clients of a container, so that conmon no longer waits for a slow one. */
  disconnect(id: string): void {
    this.#consoles.get(id)?.close();
    this.#consoles.delete(id);
  }

  /**
   * Runs a program in a running container.
   * @param connect is called when the streams are there and before the program runs
   * @throws what `mapError` makes of the runtime's text
   */
  async exec(options: ExecOptions, connect: (console: Console) => void): Promise<ExecSession> {
    const { directory } = options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const processFile = join(directory, "process.json");
    writeFileSync(processFile, options.process, { mode: 0o600 });
    const { containerId, oomScoreAdj } = options;
    const conmon = launchConmon(this.#conmon, this.#scratch, {
      containerId,
      sessionId: options.execId,
      name: options.execId,
      runtimePath: this.#options.runtime.path,
      runtimeRoot:
        oomScoreAdj === undefined ? this.state.root : this.state.rootOfExec(containerId, directory, oomScoreAdj),
      directory,
      exitDirectory: directory,
      logPath: undefined,
      tty: options.tty,
      stdin: options.stdin,
      leaveStdinOpen: options.tty,
      execProcess: processFile,
      execGroup: options.group,
      // With crun the program inherits it.
      oomScoreAdj: this.#options.runtime.name === "crun" ? oomScoreAdj || undefined : undefined,
    });
    const console = new Console({ tty: options.tty, closesInput: options.stdin && !options.tty });
    const cleanUp = (): void => {
      conmon.release();
      removeTree(directory);
    };
    try {
      await Promise.race([conmon.attachable, conmon.detached.then(() => conmon.attachable)]);
      connect(console);
      console.connect(join(directory, "attach"));
      conmon.go();
      // conmon's first process still writes into the directory.
      const [pid] = await Promise.all([conmon.answer(), conmon.detached]);
      // A conmon that was killed tells no exit code: 255, as for an exit code that is not known.
      const exited = conmon
        .answer()
        .catch(() => 255)
        .finally(cleanUp);
      return { pid, exited };
    } catch (error) {
      await conmon.detached.catch(() => {});
      console.close();
      cleanUp();
      throw this.#mapped(error);
    }
  }

  /**
   * Sets the size of a terminal.
   * @param directory the bundle, or the exec's directory
   * @returns false when conmon, and so the terminal, is gone
   */
  resize(directory: string, { rows, columns }: TerminalSize): boolean {
    try {
      // Without O_NONBLOCK the open would wait for ever when conmon is gone.
      const control = openSync(join(directory, "ctl"), constants.O_WRONLY | constants.O_NONBLOCK);
      try {
        writeSync(control, `1 ${rows} ${columns}\n`);
      } finally {
        closeSync(control);
      }
      return true;
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENXIO", "EPIPE")) return false;
      throw error;
    }
  }

  /** Closes the engine's ends. Containers go on. */
  [Symbol.dispose](): void {
    this.exits[Symbol.dispose]();
    for (const console of this.#consoles.values()) console.close();
    this.#consoles.clear();
  }

  #console(id: string, options: Pick<CreateOptions, "tty" | "stdin" | "stdinOnce">): Console {
    const present = this.#consoles.get(id);
    if (present !== undefined && !present.closed) return present;
    const console = new Console({ tty: options.tty, closesInput: closesInput(options) });
    this.#consoles.set(id, console);
    return console;
  }

  #mapped(error: unknown): unknown {
    if (!(error instanceof RuntimeFailure)) return error;
    const map = this.#options.mapError;
    return map === undefined
      ? systemFailure(messageOf(error), { code: "CTR_OCI_RUNTIME", cause: error })
      : map(error.message);
  }
}

/** The processes of a container, found by the files in its bundle, or undefined when its conmon does not live. */
export function findMonitored(bundle: string, id: string): MonitoredProcess | undefined {
  const conmon = findConmon(bundle, id);
  const pid = readPid(join(bundle, PID_FILE));
  return conmon === undefined || pid === undefined ? undefined : { conmon, init: identify(pid) };
}

/** The conmon of a bundle, or undefined when it does not live. */
export function findConmon(bundle: string, id: string): ProcessIdentity | undefined {
  const pid = readPid(join(bundle, CONMON_PID_FILE));
  const conmon = pid === undefined ? undefined : identifyProcess(pid);
  // The pid may be another process's by now: conmon has the id in its arguments.
  return conmon !== undefined && argumentsOf(conmon.pid).includes(id) ? conmon : undefined;
}

/** Milliseconds that the end of a container waits for clients that have not taken all output. */
const SLOW_CLIENT = 2000;

/** Resolves with the promise, or when the time is over. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, milliseconds);
  await Promise.race([promise, over.promise]);
  clearTimeout(timer);
}

const closesInput = ({ tty, stdin, stdinOnce }: Pick<CreateOptions, "tty" | "stdin" | "stdinOnce">): boolean =>
  stdin && stdinOnce && !tty;

function identify(pid: number): ProcessIdentity {
  // A process that has ended already is named by a start time that no process has.
  return identifyProcess(pid) ?? { pid, startTime: -1 };
}

function readPid(path: string): number | undefined {
  const text = readText(path);
  return text === undefined ? undefined : Number(text);
}

const argumentsOf = (pid: number): string[] => (readText(`/proc/${pid}/cmdline`) ?? "").split("\0");

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

function removeSessionFiles(directory: string): void {
  for (const name of [PID_FILE, CONMON_PID_FILE, "attach", "ctl", "winsz"])
    rmSync(join(directory, name), { force: true });
}

function findProgram(name: string): string {
  const path = process.env["PATH"] ?? "";
  for (const directory of [...path.split(":"), "/usr/local/bin", "/usr/bin", "/usr/libexec/podman"]) {
    if (directory === "") continue;
    const candidate = join(directory, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch (error) {
      if (!hasCode(error, "ENOENT", "EACCES", "ENOTDIR")) throw error;
    }
  }
  throw systemFailure(`${name} was not found on PATH`, {
    code: "CTR_PROGRAM_MISSING",
    hint: `install the package ${name}`,
  });
}
