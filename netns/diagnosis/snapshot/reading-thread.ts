/** A thread that reads namespaces beside the main one, see {@link NamespaceReading}. It ends when none is left. */
import { type MessagePort, workerData } from "node:worker_threads";
import { NamespaceReader, type ReaderOptions, type Reading, type Task } from "./namespace-reader.ts";
import { SharedWork } from "./shared-work.ts";

/** What the thread is given. */
export interface ThreadInput extends Pick<ReaderOptions, "host" | "subnets"> {
  readonly tasks: readonly Task[];
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** What it answers, one for each task that it has taken. */
export interface ThreadAnswer {
  readonly place: number;
  readonly reading: Reading;
}

function readTasks({ tasks, host, subnets, memory, port }: ThreadInput): void {
  const work = new SharedWork(memory);
  const reader = new NamespaceReader({ host, subnets, exclusively: (body) => work.exclusively(body) });
  for (let place = work.take(); place < tasks.length; place = work.take()) {
    const task = tasks[place];
    if (task === undefined) break;
    port.postMessage({ place, reading: reader.read(task) } satisfies ThreadAnswer);
    work.handOver();
  }
  port.close();
}

// The build runs it without, to compile it.
if (workerData !== null) readTasks(workerData as ThreadInput);
