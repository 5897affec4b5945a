/**
 * Worker threads that unpack layers, so that the engine goes on answering meanwhile. They are started when there is
 * work, used again, and ended after a few idle seconds, when their memory goes back.
 */
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
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
const PROGRAM = new URL(`./unpack-worker${extname(import.meta.filename)}`, import.meta.url);

export class Unpacker implements AsyncDisposable {
  readonly #most = Math.min(4, Math.max(1, availableParallelism() >> 1));
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #waiting: ((worker: Worker) => void)[] = [];
  #idleTimer: NodeJS.Timeout | undefined;

  /** Starts a worker if none is there, for work that comes soon. */
  warm(): void {
    if (this.#all.size === 0) this.#release(this.#start());
  }

  /**
   * @throws what went wrong in the worker, with its code; the reason of an aborted signal. What was written so far stays
   * and is the caller's to remove.
   */
  async unpack(job: UnpackJob, options: UnpackOptions = {}): Promise<UnpackResult> {
    options.signal?.throwIfAborted();
    const worker = await this.#take();
    try {
      options.signal?.throwIfAborted();
      return await runJob(worker, job, options);
    } finally {
      if (options.signal?.aborted === true) await this.#end(worker);
      else this.#release(worker);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idleTimer);
    this.#waiting.length = 0;
    await Promise.all([...this.#all].map((worker) => this.#end(worker)));
  }

  #start(): Worker {
    const worker = new Worker(PROGRAM);
    this.#all.add(worker);
    // A worker that dies is reported to its job by runJob; here it is only forgotten.
    worker.on("error", () => {});
    worker.once("exit", () => this.#forget(worker));
    return worker;
  }

  async #take(): Promise<Worker> {
    const worker = this.#idle.pop() ?? (this.#all.size < this.#most ? this.#start() : undefined);
    if (worker === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    worker.ref();
    return worker;
  }

  #release(worker: Worker): void {
    if (!this.#all.has(worker)) return;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next(worker);
      return;
    }
    // An idle worker must not keep the process alive.
    worker.unref();
    this.#idle.push(worker);
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.#endIdle(), IDLE_MILLISECONDS).unref();
  }

  async #endIdle(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => this.#end(worker)));
  }

  async #end(worker: Worker): Promise<void> {
    this.#forget(worker);
    await worker.terminate();
  }

  #forget(worker: Worker): void {
    this.#all.delete(worker);
    const index = this.#idle.indexOf(worker);
    if (index !== -1) this.#idle.splice(index, 1);
    // Somebody may wait for the place that has become free.
    const next = this.#all.size < this.#most ? this.#waiting.shift() : undefined;
    next?.(this.#start());
  }
}

function runJob(worker: Worker, job: UnpackJob, { onRead, signal }: UnpackOptions): Promise<UnpackResult> {
  const { promise, resolve, reject } = Promise.withResolvers<UnpackResult>();
  const onMessage = (answer: UnpackAnswer): void => {
    if (answer.kind === "progress") onRead?.(answer.read);
    else if (answer.kind === "done") resolve(answer.result);
    else reject(errorOf(answer));
  };
  const onExit = (): void => reject(new Error("the thread that unpacks layers has ended"));
  const onAbort = (): void => reject(signal?.reason);
  worker.on("message", onMessage);
  worker.on("error", reject);
  worker.on("exit", onExit);
  signal?.addEventListener("abort", onAbort);
  worker.postMessage(job);
  return promise.finally(() => {
    worker.off("message", onMessage);
    worker.off("error", reject);
    worker.off("exit", onExit);
    signal?.removeEventListener("abort", onAbort);
  });
}

function errorOf({ message, code, errorKind, hint }: UnpackAnswer & { kind: "failed" }): Error {
  if (errorKind !== undefined) {
    return new CtrError(errorKind, message, { code: (code ?? "CTR_INTERNAL") as `CTR_${string}`, hint });
  }
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
