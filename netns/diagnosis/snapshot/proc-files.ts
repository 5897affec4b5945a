/** Files of /proc, read into one buffer: a third of the time that `readFileSync` takes, which counts with thousands. */
import { closeSync, openSync, readSync } from "node:fs";
import { hasCode } from "../../../lib/errors.ts";

const SMALL = 4096;
const buffer = Buffer.allocUnsafeSlow(SMALL);

/**
 * @param path of a file that is shorter than 4 KiB
 * @returns undefined where there is none, or the kernel refuses
 */
export function readSmallFile(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (hasCode(error, ...ABSENT)) return undefined;
    throw error;
  }
  try {
    return buffer.toString("latin1", 0, readSync(file, buffer, 0, SMALL, null));
  } catch (error) {
    if (hasCode(error, ...ABSENT)) return undefined;
    throw error;
  } finally {
    closeSync(file);
  }
}

/** A process or link that is gone by now; a parameter that this namespace may not see. */
const ABSENT = ["ENOENT", "ENOTDIR", "ESRCH", "EACCES", "EPERM", "EINVAL", "EIO"];
