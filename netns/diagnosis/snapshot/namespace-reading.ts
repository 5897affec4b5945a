/**
 * Reads many namespaces, with other threads where it is worth it: each takes the next one that nobody has taken. A thread enters
 * a namespace alone, whatever namespace the others are in (setns(2)). Only the library of nftables is not made for two.
 */
import { closeSync, openSync } from "node:fs";
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { MessageChannel, type MessagePort, receiveMessageOnPort, SHARE_ENV, Worker } from "node:worker_threads";
import { messageOf } from "../../../lib/errors.ts";
import { HOST, type Intent } from "../types/index.ts";
import { NamespaceReader, type ReaderOptions, type Reading, type Task } from "./namespace-reader.ts";
import type { ThreadAnswer, ThreadInput } from "./reading-thread.ts";
import { SharedWork } from "./shared-work.ts";

export interface ReadingOptions {
  readonly intent: Intent;
  /** Files of the containers' network namespaces, by key. The host's is the one that the thread is in. */
  readonly namespacePaths: ReadonlyMap<string, string>;
  /** Threads beside this one: none by default. They are born in the namespace that this thread is in. */
  readonly threads?: number;
}

/** A thread takes as long to start as to read so many namespaces. */
const WORTH_A_THREAD = 20;
const MOST_THREADS = 3;

/**
 * How many threads beside the main one help, also where others keep the processors busy.
 * @param namespaces that are to be read
 */
export const helpingThreads = (namespaces: number): number =>
  Math.min(availableParallelism() - 1, Math.floor(namespaces / WORTH_A_THREAD), MOST_THREADS);

export class NamespaceReading implements Disposable {
  /** Held open, a namespace stays while it is read. */
  readonly descriptors = new Map<string, number>();
  readonly #unopened: { readonly key: string; readonly why: string }[] = [];
  readonly #tasks: readonly Task[];
  readonly #work = new SharedWork();
  readonly #reader: Omit<ReaderOptions, "exclusively">;
  readonly #ports: readonly MessagePort[];

  /** Opens the namespaces, and starts the threads. Dispose of it, which closes them. */
  constructor({ intent, namespacePaths, threads = 0 }: ReadingOptions) {
    for (const [key, path] of [[HOST, "/proc/thread-self/ns/net"] as const, ...namespacePaths]) {
      try {
        this.descriptors.set(key, openSync(path, "r"));
      } catch (error) {
        this.#unopened.push({ key, why: messageOf(error) });
      }
    }
    this.#tasks = [...this.descriptors].map(([key, descriptor]) => ({ key, descriptor }));
    this.#reader = {
      host: this.descriptors.get(HOST),
      subnets: intent.networks.flatMap((network) => network.subnets.map(({ subnet }) => subnet)),
    };
    this.#ports = Array.from({ length: threads }, () => this.#startThread());
  }

  /** Holds the thread until all are read. @returns by key; undefined for one that could not even be opened */
  finish(): readonly (Reading & { readonly key: string })[] {
    const reader = new NamespaceReader({ ...this.#reader, exclusively: (body) => this.#work.exclusively(body) });
    const readings = new Map<number, Reading>();
    for (let place = this.#work.take(); place < this.#tasks.length; place = this.#work.take()) {
      const task = this.#tasks[place];
      if (task !== undefined) readings.set(place, reader.read(task));
    }
    this.#collect(readings);
    return [
      ...this.#tasks.map((task, place) => ({ key: task.key, ...(readings.get(place) ?? reader.read(task)) })),
      ...this.#unopened.map(({ key, why }) => ({
        key,
        state: undefined,
        missing: [{ what: "network namespace", why }],
      })),
    ];
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.descriptors.values()) closeSync(descriptor);
    this.descriptors.clear();
  }

  #startThread(): MessagePort {
    const { port1: ours, port2: port } = new MessageChannel();
    const { memory } = this.#work;
    const workerData: ThreadInput = { ...this.#reader, tasks: this.#tasks, memory, port };
    const thread = new Worker(threadProgram(), { workerData, transferList: [port], env: SHARE_ENV });
    // What it does not read is read by others.
    thread.on("error", () => {});
    thread.unref();
    return ours;
  }

  /** What the threads have read; without what one that has failed had taken. */
  #collect(readings: Map<number, Reading>): void {
    for (;;) {
      const before = this.#work.handedOver;
      for (const port of this.#ports) {
        for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
          const { place, reading } = got.message as ThreadAnswer;
          readings.set(place, reading);
        }
      }
      if (readings.size >= this.#tasks.length || this.#ports.length === 0) return;
      if (!this.#work.waitForMore(before)) return;
    }
  }
}

/** The source or library file beside this one, or in a release the bundle beside the program's. */
function threadProgram(): URL {
  const extension = extname(import.meta.filename);
  return new URL(extension === ".cjs" ? "./snapshot-thread.cjs" : `./reading-thread${extension}`, import.meta.url);
}
