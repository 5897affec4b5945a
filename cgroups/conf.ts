/** `--cgroup-conf file=value`: any file of a group that the table does not know. */
import { type CtrError, invalid, unsupported } from "../lib/errors.ts";
import type { CgroupHost, Hierarchy } from "./host.ts";
import { LIMIT_ROWS } from "./table/index.ts";

const FILE = /^[a-z0-9]+(?:\.[A-Za-z0-9_-]+)+$/;

/** They move or end processes, or hand controllers down: that is our own work, and no limit. */
const NO_LIMITS: ReadonlySet<string> = new Set([
  "cgroup.procs",
  "cgroup.threads",
  "cgroup.kill",
  "cgroup.freeze",
  "cgroup.type",
  "cgroup.subtree_control",
  "cgroup.clone_children",
  "cgroup.event_control",
  "memory.force_empty",
  "memory.reclaim",
  "freezer.state",
  "devices.allow",
  "devices.deny",
]);

/**
 * @returns the tree that has the file
 * @throws `invalid` for a file that cannot be meant, `unsupported` where this host has no such controller
 */
export function confHierarchy(host: CgroupHost, file: string): Hierarchy {
  if (!FILE.test(file)) throw bad(file, "is no name of a cgroup file", "write it as in cgroups(7): memory.high");
  if (NO_LIMITS.has(file)) throw bad(file, "is no limit", "ctr itself moves, freezes and kills processes");
  const owner = LIMIT_ROWS.find(({ v1, v2 }) => [v1, v1?.instead, v2, v2?.instead].some((rule) => rule?.file === file));
  if (owner !== undefined) throw bad(file, `is set by ${owner.flag}`, `give ${owner.flag} instead`);
  const [prefix = ""] = file.split(".");
  const hierarchy = prefix === "cgroup" ? host.unified : host.controllers.get(prefix);
  if (hierarchy !== undefined) return hierarchy;
  throw unsupported(`cannot set ${file}: this host offers no controller "${prefix}"`, {
    code: "CTR_LIMIT_UNSUPPORTED",
    hint: `it has ${[...host.controllers.keys()].sort().join(", ")}`,
  });
}

const bad = (file: string, what: string, hint: string): CtrError =>
  invalid(`cannot set the cgroup file "${file}": it ${what}`, { code: "CTR_LIMIT_CONF", hint });
