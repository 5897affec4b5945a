/** The child process of unpacker.ts: one job at a time, answered by progress messages and one result. */
import { CtrError, codeOf, messageOf } from "../../../lib/errors.ts";
import { type UnpackJob, unpackLayer } from "./unpack.ts";
import type { UnpackAnswer } from "./unpacker.ts";

const PROGRESS_INTERVAL = 100;

const answer = (message: UnpackAnswer): void => void process.send?.(message);

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
    // Errors lose their class and fields on the way to the other process.
    const details = error instanceof CtrError ? { errorKind: error.kind, hint: error.hint } : {};
    answer({ kind: "failed", message: messageOf(error), code: codeOf(error), ...details });
  }
}

process.on("message", (job: UnpackJob) => void run(job));
// The engine is gone, however it ended: nobody waits for the result.
process.on("disconnect", () => process.exit());
