/** Which OCI runtime starts the containers of this host. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../lib/command.ts";
import { unsupported } from "../../lib/errors.ts";
import { detectOciHost } from "./host.ts";

export interface OciRuntime {
  readonly name: "runc" | "crun";
  readonly path: string;
  /** `1.1.5+ds1` */
  readonly version: string;
}

const DIRECTORIES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

let chosen: Promise<OciRuntime> | undefined;

/**
 * crun on pure cgroup v2, where it is about twice as fast; else runc. A runtime that is not installed, or does not run, is
 * passed over. Found out once.
 * @throws `unsupported` when there is none
 */
export function chooseRuntime(): Promise<OciRuntime> {
  chosen ??= firstWorking(canUseCrun() ? ["crun", "runc"] : ["runc"]).catch((error: unknown) => {
    // An installation must not need a restart to be noticed.
    chosen = undefined;
    throw error;
  });
  return chosen;
}

/**
 * crun refuses hosts with v1 hierarchies ("cgroups in hybrid mode not supported"). On v2 it lifts the limit of locked
 * memory before it loads the program of the device rules, and fails where it may not ("setrlimit (RLIM_MEMLOCK)").
 */
function canUseCrun(): boolean {
  const { unified, capabilities, hardLimits } = detectOciHost();
  return unified && (capabilities.includes("CAP_SYS_RESOURCE") || !hardLimits.has("memlock"));
}

/**
 * The first of the named runtimes that works. Exported for tests.
 * @param path directories to look in, colon separated
 */
export async function firstWorking(
  names: readonly OciRuntime["name"][],
  path = `${process.env["PATH"] ?? ""}:${DIRECTORIES}`,
): Promise<OciRuntime> {
  const directories = [...new Set(path.split(":"))].filter((directory) => directory !== "");
  for (const name of names) {
    for (const directory of directories) {
      const runtime = await tryRuntime(name, join(directory, name));
      if (runtime !== undefined) return runtime;
    }
  }
  throw unsupported(`no OCI runtime works here: ${names.join(" and ")} not found`, {
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
