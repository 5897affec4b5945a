/** Brings a plan into force: written, read back, and on the first failure put back as it was. */
import { hasCode, systemFailure } from "../lib/errors.ts";
import { ignoredValue, refusedWrite } from "./failures.ts";
import type { KernelFiles } from "./files.ts";
import { isKept, type Write } from "./write.ts";

/**
 * Applies a plan, whole or not at all.
 * @throws a `CtrError` that names file and value; what had been written is then undone
 */
export function applyPlan(files: KernelFiles, plan: readonly Write[]): void {
  const done: Write[] = [];
  try {
    for (const write of plan) {
      const content = writeOne(files, write);
      done.push(write);
      if (content !== undefined) confirm(write, content);
    }
  } catch (error) {
    rollBack(files, done, error);
    throw error;
  }
}

/** @returns what the file has now; undefined where that is not to be compared */
function writeOne(files: KernelFiles, write: Write): string | undefined {
  const { path, value, row, previous, isConfirmed = true, mayVanish = false } = write;
  try {
    if (previous !== undefined && isConfirmed && !mayVanish) return files.writeAndRead(path, textFor(value));
    files.write(path, textFor(value));
  } catch (error) {
    if (!mayVanish || !hasCode(error, "ENOENT", "ESRCH")) throw refusedWrite(path, value, row, error);
  }
  return undefined;
}

/** An empty value needs a line end: a write of nothing is no write. */
const textFor = (value: string): string => (value === "" ? "\n" : value);

/** The kernel may take a write and keep something else. */
function confirm({ path, value, row, valueIn }: Write, content: string): void {
  const kept = valueIn?.(content) ?? content;
  if (!isKept(row, value, kept)) throw ignoredValue(path, value, kept, row);
}

/** Backwards: each step leads to a state that was valid on the way there. */
function rollBack(files: KernelFiles, done: readonly Write[], cause: unknown): void {
  for (const write of done.toReversed()) {
    const { path, previous } = write;
    if (previous === undefined) continue;
    try {
      putBack(files, write, previous);
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENODEV", "ESRCH")) continue;
      throw systemFailure(`could not put ${path} back to ${previous} after a failed change`, {
        code: "CTR_LIMIT_ROLLBACK_FAILED",
        hint: "give the limit again to be sure that it is in force",
        cause: new AggregateError([cause, error]),
      });
    }
  }
}

function putBack(files: KernelFiles, { path, previousInstead }: Write, previous: string): void {
  try {
    files.write(path, textFor(previous));
  } catch (error) {
    if (previousInstead === undefined || !hasCode(error, "ENOSPC")) throw error;
    files.write(path, previousInstead);
  }
}
