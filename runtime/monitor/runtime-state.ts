/**
 * What runc keeps of a container, used without starting runc (5–9 ms each time). `start` and `delete` act on runc's state
 * directory alone:
 * - `runc create` leaves the container's first process waiting in an open(2) of the fifo `exec.fifo`. `runc start` opens
 *   the other end, reads the one byte that says that it goes on, and removes the fifo.
 * - `runc delete` of an ended container removes its control groups (ours remove themselves) and the state directory.
 * What is not exactly in the expected state is left to runc itself, and so is every other runtime.
 */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { runCommand } from "../../lib/command.ts";
import { hasCode } from "../../lib/errors.ts";
import { isAlive, type ProcessIdentity } from "../../lib/system/process.ts";
import { RuntimeFailure } from "./conmon.ts";

/** How often the event loop turns before the wait for a container's answer costs a timer, about a millisecond of them. */
const TURNS_WITHOUT_DELAY = 50;

/** What runc's init calls itself, see proc_pid_comm(5). */
const INIT_NAME = "runc:[2:INIT]";

/** Milliseconds. */
const LONGEST_EXECVE = 1000;

/** In runc's `state.json`: quotes in its texts are escaped, so this is found nowhere else. */
const KEPT_SCORE = /"oom_score_adj":(-?\d+)/;

/** What the monitor has to know of the OCI runtime. */
export interface RuntimeProgram {
  /** `runc`, `crun` … */
  readonly name: string;
  readonly path: string;
}

export class RuntimeState {
  readonly #runtime: RuntimeProgram;
  readonly root: string;

  /** @param root the runtime's `--root` */
  constructor(runtime: RuntimeProgram, root: string) {
    this.#runtime = runtime;
    this.root = root;
  }

  /** True while a created container waits for its start. */
  isWaiting(id: string): boolean {
    return existsSync(this.#fifo(id));
  }

  /** True when the runtime knows the container, in whatever state. */
  knows(id: string): boolean {
    return existsSync(join(this.root, id));
  }

  /**
   * Lets a created container run.
   * @param init its first process
   * @throws {RuntimeFailure}
   */
  async start(id: string, init: ProcessIdentity): Promise<void> {
    if (this.#runtime.name === "runc" && this.isWaiting(id)) return this.#openFifo(id, init);
    await this.#run("start", id);
  }

  /** Removes what the runtime keeps of a container; what still runs of it is killed. Nothing there is fine. */
  async delete(id: string, init: ProcessIdentity | undefined): Promise<void> {
    if (!this.knows(id)) return;
    const ended = init === undefined || !isAlive(init);
    if (this.#runtime.name === "runc" && ended) rmSync(join(this.root, id), { recursive: true, force: true });
    else await this.#run("delete", "--force", id);
  }

  /**
   * The `--root` with which an exec gets a score from its first moment on. runc gives it the one that the container was
   * created with, which is in its state, and ignores that of the exec's own process (libcontainer, `bootstrapData`): when
   * they differ, the runtime reads a copy of the state. It only reads it for an exec.
   * @param directory of the exec; a copy is made in it
   * @param score −1000 … 1000
   */
  rootOfExec(id: string, directory: string, score: number): string {
    if (this.#runtime.name !== "runc") return this.root;
    // Not parsed: it has numbers of 64 bits, such as an unlimited resource.
    const state = readFileSync(this.#state(this.root, id), "utf8");
    const [, kept] = KEPT_SCORE.exec(state) ?? [];
    if (kept === undefined || Number(kept) === score) return this.root;
    const root = join(directory, "state");
    mkdirSync(join(root, id), { recursive: true, mode: 0o700 });
    writeFileSync(this.#state(root, id), state.replace(KEPT_SCORE, `"oom_score_adj":${score}`), { mode: 0o600 });
    return root;
  }

  #state(root: string, id: string): string {
    return join(root, id, "state.json");
  }

  #fifo(id: string): string {
    return join(this.root, id, "exec.fifo");
  }

  async #openFifo(id: string, init: ProcessIdentity): Promise<void> {
    // Without O_NONBLOCK the open would wait for ever when the process has died meanwhile.
    const fifo = openSync(this.#fifo(id), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      for (let attempt = 0; ; attempt++) {
        // Looked at before the read: a short program may answer and be gone by the time that the read has failed.
        const alive = isAlive(init);
        if (readByte(fifo)) break;
        if (!alive) throw new RuntimeFailure(`container ${id} ended before it was started`);
        // The process answers within microseconds, unless the machine is busy.
        await (attempt < TURNS_WITHOUT_DELAY ? nextTurn() : delay(2));
      }
    } finally {
      closeSync(fifo);
    }
    rmSync(this.#fifo(id), { force: true });
    await programRuns(init.pid);
  }

  async #run(...command: readonly string[]): Promise<void> {
    const argv = [this.#runtime.path, "--root", this.root, ...command];
    const result = await runCommand(argv, { expect: [0, 1, 255] });
    if (result.exitCode !== 0) throw new RuntimeFailure(result.stderr.trim());
  }
}

/**
 * The init has said that it goes on, and needs another millisecond or two until its program has taken its place. Who is told that
 * the container runs may connect to it at once.
 */
async function programRuns(pid: number): Promise<void> {
  const deadline = performance.now() + LONGEST_EXECVE;
  while (nameOf(pid) === INIT_NAME && performance.now() < deadline) await delay(1);
}

/** Undefined when the process is gone. */
function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

function readByte(fifo: number): boolean {
  try {
    return readSync(fifo, Buffer.alloc(1)) === 1;
  } catch (error) {
    if (hasCode(error, "EAGAIN")) return false;
    throw error;
  }
}
