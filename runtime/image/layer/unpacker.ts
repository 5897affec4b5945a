/**
 * Child processes that unpack layers, so that the engine goes on answering meanwhile. They are started when there is
 * work, used again, and ended after a few idle seconds. Processes and not threads: what a thread has used of the heap
 * stays with the engine (60 MB after one big layer), what a process has used is given back.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { CtrError, type ErrorKind } from "../../../lib/errors.ts";
import type { UnpackJob, UnpackResult } from "./unpack.ts";

export type UnpackAnswer =
  | { readonly kind: "progress"; readonly read: number }
  | { readonly kind: "done"; readonly result: UnpackResult }
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly code: string | undefined;
      readonly errorKind?: ErrorKind;
      readonly hint?: string | undefined;
    };

export interface UnpackOptions {
  /** Bytes of the archive that were read so far; about ten times a second. */
  readonly onRead?: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const IDLE_MILLISECONDS = 5_000;
// The extension is this file's own: sources run as .ts, releases as .js.
const PROGRAM = fileURLToPath(new URL(`./unpack-process${extname(import.meta.filename)}`, import.meta.url));

export class Unpacker implements AsyncDisposable {
  readonly #most = Math.min(4, Math.max(1, availableParallelism() >> 1));
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();
  readonly #waiting: ((child: ChildProcess) => void)[] = [];
  #idleTimer: NodeJS.Timeout | undefined;

  /** Starts a process if none is there, for work that comes soon. */
  warm(): void {
    if (this.#all.size === 0) this.#release(this.#start());
  }

  /**
   * @throws what went wrong in the process, with its code; the reason of an aborted signal. What was written so far stays
   * and is the caller's to remove; nothing is written any more.
   */
  async unpack(job: UnpackJob, options: UnpackOptions = {}): Promise<UnpackResult> {
    options.signal?.throwIfAborted();
    const child = await this.#take();
    try {
      options.signal?.throwIfAborted();
      return await runJob(child, job, options);
    } finally {
      if (options.signal?.aborted === true) await this.#end(child);
      else this.#release(child);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idleTimer);
    this.#waiting.length = 0;
    await Promise.all([...this.#all].map((child) => this.#end(child)));
  }

  #start(): ChildProcess {
    const child = fork(PROGRAM, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#all.add(child);
    // A process that dies is reported to its job by runJob; here it is only forgotten.
    child.on("error", () => this.#forget(child));
    child.once("exit", () => this.#forget(child));
    return child;
  }

  async #take(): Promise<ChildProcess> {
    const child = this.#idle.pop() ?? (this.#all.size < this.#most ? this.#start() : undefined);
    if (child === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    child.ref();
    child.channel?.ref();
    return child;
  }

  #release(child: ChildProcess): void {
    if (!this.#all.has(child)) return;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next(child);
      return;
    }
    // An idle child must not keep the engine alive.
    child.unref();
    child.channel?.unref();
    this.#idle.push(child);
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.#endIdle(), IDLE_MILLISECONDS).unref();
  }

  async #endIdle(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((child) => this.#end(child)));
  }

  async #end(child: ChildProcess): Promise<void> {
    this.#forget(child);
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    child.ref();
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  #forget(child: ChildProcess): void {
    if (!this.#all.delete(child)) return;
    const index = this.#idle.indexOf(child);
    if (index !== -1) this.#idle.splice(index, 1);
    // Somebody may wait for the place that has become free.
    const next = this.#waiting.shift();
    next?.(this.#start());
  }
}

function runJob(child: ChildProcess, job: UnpackJob, { onRead, signal }: UnpackOptions): Promise<UnpackResult> {
  const { promise, resolve, reject } = Promise.withResolvers<UnpackResult>();
  const onMessage = (message: unknown): void => {
    const answer = message as UnpackAnswer;
    if (answer.kind === "progress") onRead?.(answer.read);
    else if (answer.kind === "done") resolve(answer.result);
    else reject(errorOf(answer));
  };
  const onExit = (): void => reject(new Error("the process that unpacks layers has ended"));
  const onAbort = (): void => reject(signal?.reason);
  child.on("message", onMessage);
  child.on("error", reject);
  child.on("exit", onExit);
  signal?.addEventListener("abort", onAbort);
  child.send(job, (error) => {
    if (error !== null) reject(error);
  });
  return promise.finally(() => {
    child.off("message", onMessage);
    child.off("error", reject);
    child.off("exit", onExit);
    signal?.removeEventListener("abort", onAbort);
  });
}

function errorOf({ message, code, errorKind, hint }: UnpackAnswer & { kind: "failed" }): Error {
  if (errorKind !== undefined) {
    return new CtrError(errorKind, message, { code: (code ?? "CTR_INTERNAL") as `CTR_${string}`, hint });
  }
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
