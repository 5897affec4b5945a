/** Which OCI runtime starts the containers of this host. */
import { existsSync, statfsSync } from "node:fs";
import { runCommand } from "../../lib/command.ts";
import { unsupported } from "../../lib/errors.ts";

export interface OciRuntime {
  readonly name: "runc" | "crun";
  readonly path: string;
  /** `1.1.5+ds1` */
  readonly version: string;
}

const DIRECTORIES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const CGROUP2_SUPER_MAGIC = 0x63677270;

let chosen: Promise<OciRuntime> | undefined;

/**
 * crun on pure cgroup v2, where it is about twice as fast; else runc: crun refuses hosts with v1 hierarchies. A runtime
 * that is not installed, or does not run, is passed over. Found out once.
 * @throws `unsupported` when there is none
 */
export function chooseRuntime(): Promise<OciRuntime> {
  chosen ??= firstWorking(statfsSync("/sys/fs/cgroup").type === CGROUP2_SUPER_MAGIC).catch((error: unknown) => {
    // An installation must not need a restart to be noticed.
    chosen = undefined;
    throw error;
  });
  return chosen;
}

/** Exported for tests. */
export async function firstWorking(
  unified: boolean,
  path = `${process.env["PATH"]}:${DIRECTORIES}`,
): Promise<OciRuntime> {
  for (const name of unified ? (["crun", "runc"] as const) : (["runc"] as const)) {
    for (const directory of new Set(path.split(":"))) {
      const runtime = await tryRuntime(name, `${directory}/${name}`);
      if (runtime !== undefined) return runtime;
    }
  }
  throw unsupported(`no OCI runtime works here: ${unified ? "neither crun nor runc was" : "runc was not"} found`, {
    code: "CTR_OCI_RUNTIME_MISSING",
    hint: "apt install runc",
  });
}

async function tryRuntime(name: OciRuntime["name"], path: string): Promise<OciRuntime | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    const { stdout } = await runCommand([path, "--version"], { timeout: 10_000 });
    const version = new RegExp(`^${name} version (\\S+)`, "m").exec(stdout)?.[1];
    return version === undefined ? undefined : { name, path, version };
  } catch {
    return undefined;
  }
}
