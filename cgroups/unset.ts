/** Takes limits away: each row of the table knows the value that does. */
import { invalid } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import { LIMIT_ROWS, type LimitRow, rowOf } from "./table/index.ts";
import type { LimitField, Limits } from "./types.ts";

/** A change that takes these limits away from a live group. A quota of CPU time and its period go together. */
export function unsetLimits(fields: readonly LimitField[]): Limits {
  const all = new Set(fields);
  if (all.has("cpus")) all.add("cpuPeriod");
  return Object.fromEntries([...all].map((field) => [field, rowOf(field).unset])) as Limits;
}

/**
 * The limit that a user names: `memory`, `--memory`, `pids-limit`, `Memory`, `cpuShares`.
 * @throws `invalid` with the names that there are
 */
export function limitNamed(name: string): LimitRow {
  const plain = name.replace(/^--?/, "").toLowerCase();
  const row = LIMIT_ROWS.find(({ field, flag, hostConfig }) =>
    [field.toLowerCase(), flag.slice(2), hostConfig.toLowerCase()].includes(plain),
  );
  if (row !== undefined) return row;
  const names = LIMIT_ROWS.map(({ flag }) => flag.slice(2));
  const meant = nearest(plain, names);
  throw invalid(`no such limit: ${name}`, {
    code: "CTR_LIMIT_UNKNOWN",
    hint: `${meant === undefined ? "" : `did you mean ${meant}? else `}name one of ${names.join(", ")}`,
  });
}
