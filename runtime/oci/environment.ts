/** Environment variables of a container's processes. */
import type { ContainerConfig } from "../types.ts";

/** Docker's search path for images that set none. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** PATH, HOSTNAME and, on a terminal, TERM; then the configured ones. HOME is set by the OCI runtime. */
export function containerEnvironment({ Hostname, Env }: ContainerConfig, terminal: boolean): string[] {
  const defaults = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${Hostname ?? ""}`, ...(terminal ? ["TERM=xterm"] : [])];
  return mergeEnvironment(defaults, Env ?? []);
}

/**
 * Docker's merge: a variable that is there already changes its value and keeps its place, a new one goes to the end,
 * and a name without `=` takes the variable away.
 */
export function mergeEnvironment(base: readonly string[], changes: readonly string[]): string[] {
  const merged = new Map(base.map((variable) => [nameOf(variable), variable]));
  for (const change of changes) {
    if (change.includes("=")) merged.set(nameOf(change), change);
    else merged.delete(change);
  }
  return [...merged.values()];
}

const nameOf = (variable: string): string => variable.split("=", 1)[0] ?? "";
