/** The worker thread of unpacker.ts: one job at a time, answered by progress messages and one result. */
import { parentPort } from "node:worker_threads";
import { CtrError, codeOf, messageOf } from "../../../lib/errors.ts";
import { type UnpackJob, unpackLayer } from "./unpack.ts";
import type { UnpackAnswer } from "./unpacker.ts";

const PROGRESS_INTERVAL = 100;

const answer = (message: UnpackAnswer): void => parentPort?.postMessage(message);

async function run(job: UnpackJob): Promise<void> {
  let reported = 0;
  try {
    const result = await unpackLayer(job, (read) => {
      const now = performance.now();
      if (now - reported < PROGRESS_INTERVAL) return;
      reported = now;
      answer({ kind: "progress", read });
    });
    answer({ kind: "done", result });
  } catch (error) {
    // Errors lose their class and fields on the way to the other thread.
    const details = error instanceof CtrError ? { errorKind: error.kind, hint: error.hint } : {};
    answer({ kind: "failed", message: messageOf(error), code: codeOf(error), ...details });
  }
}

parentPort?.on("message", (job: UnpackJob) => void run(job));
