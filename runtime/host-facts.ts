/** Facts of this build and this host that `version` and `info` show. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { hasCode } from "../lib/errors.ts";

/** The version in the nearest package.json above this file: the sources' or the installed package's. */
export function packageVersion(): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    const path = join(directory, "package.json");
    if (existsSync(path)) return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
    if (directory === dirname(directory)) return "unknown";
  }
}

/** An id of this data root, made at its first use and the same ever after. */
export function engineId(dataRoot: string): string {
  const path = join(dataRoot, "engine-id");
  const present = textOf(path);
  if (present !== undefined) return present;
  const id = randomUUID();
  writeFileAtomic(path, `${id}\n`);
  return id;
}

export const hasSeccomp = (): boolean => existsSync("/proc/sys/kernel/seccomp/actions_avail");

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
