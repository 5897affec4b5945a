/** The host's side of bind mounts: sources that are missing, and propagation that the source's mount must allow. */
import { existsSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { hasCode, systemFailure } from "../../lib/errors.ts";
import { type BindMount, mountError, type UserMount } from "./user-mounts.ts";

/** @throws `invalid` with Docker's text for a missing source that is not to be made */
export function checkBindSources(mounts: readonly UserMount[]): void {
  for (const mount of mounts) {
    if (mount.type !== "bind" || mount.createSource || existsSync(mount.source)) continue;
    throw mountError("bind", `bind source path does not exist: ${mount.source}`);
  }
}

/**
 * Makes the missing sources of `-v`, as directories (Docker's way), and checks the rest.
 * @throws `invalid` for a missing source; `system` for one on a mount that does not propagate as asked
 */
export function prepareBindSources(mounts: readonly UserMount[]): void {
  checkBindSources(mounts);
  for (const mount of mounts) {
    if (mount.type !== "bind") continue;
    if (mount.createSource) makeDirectory(mount.source);
    if (!mount.propagation.endsWith("private")) checkPropagation(mount);
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    // A file is as good a source; where a file is in the way, the runtime says so.
    if (!hasCode(error, "EEXIST", "ENOTDIR")) throw error;
  }
}

function checkPropagation({ source, propagation }: BindMount): void {
  const { target, fields } = sourceMount(realpathSync(source), readFileSync("/proc/self/mountinfo", "utf8"));
  const slave = propagation.endsWith("slave");
  if (fields.some((field) => field.startsWith("shared:") || (slave && field.startsWith("master:")))) return;
  throw systemFailure(
    `path ${source} is mounted on ${target} but it is not a ${slave ? "shared or slave" : "shared"} mount`,
    { code: "CTR_MOUNT_PROPAGATION", hint: `make it one: mount --make-rshared ${target}` },
  );
}

/**
 * The mount that a path is on, with its optional fields, see proc_pid_mountinfo(5). Exported for tests.
 * @param mountInfo text of `/proc/self/mountinfo`; of several mounts at one place the last one counts
 */
export function sourceMount(path: string, mountInfo: string): { readonly target: string; readonly fields: string[] } {
  let best = { target: "", fields: [] as string[] };
  for (const line of mountInfo.split("\n")) {
    const [head = ""] = line.split(" - ");
    const [, , , , target = "", , ...fields] = head.split(" ");
    const holds = target === "/" || path === target || path.startsWith(`${target}/`);
    if (holds && target !== "" && target.length >= best.target.length) best = { target, fields };
  }
  return best;
}
