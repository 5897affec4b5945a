/** The namespaces of a container, and the modes that users choose them by. See namespaces(7). */
import { invalid, unsupported } from "../../lib/errors.ts";
import type { HostConfig } from "../types.ts";
import type { OciNamespace } from "./spec.ts";

/**
 * @param networkNamespace file that names it; undefined is the host's
 * @param unified whether the host has pure cgroup v2, where containers get a cgroup namespace unless told otherwise
 * @throws `invalid` with Docker's texts
 */
export function namespacesOf(
  hostConfig: HostConfig,
  networkNamespace: string | undefined,
  unified: boolean,
): OciNamespace[] {
  checkModes(hostConfig);
  const { PidMode, IpcMode, UTSMode, CgroupnsMode } = hostConfig;
  const cgroupMode = CgroupnsMode || (unified ? "private" : "host");
  return [
    { type: "mount" },
    ...(networkNamespace === undefined ? [] : [{ type: "network", path: networkNamespace } as const]),
    ...(UTSMode === "host" ? [] : [{ type: "uts" } as const]),
    ...(PidMode === "host" ? [] : [{ type: "pid" } as const]),
    ...(IpcMode === "host" ? [] : [{ type: "ipc" } as const]),
    ...(cgroupMode === "host" ? [] : [{ type: "cgroup" } as const]),
  ];
}

/** @throws `invalid` with Docker's texts; `unsupported` for the namespaces of another container */
export function checkModes({ PidMode, IpcMode, UTSMode, CgroupnsMode }: HostConfig): void {
  check("PID mode", PidMode, ["host"], true);
  check("IPC mode", IpcMode, ["none", "private", "host", "shareable"], true);
  check("UTS mode", UTSMode, ["host"], false);
  check("cgroup namespace mode", CgroupnsMode, ["private", "host"], false);
}

function check(what: string, given: string | undefined, known: readonly string[], joins: boolean): void {
  if (!given || known.includes(given)) return;
  if (joins && given.startsWith("container:") && given !== "container:") {
    throw unsupported(`joining the namespace of another container is not available in this version: ${what} ${given}`, {
      code: "CTR_NAMESPACE_MODE_UNSUPPORTED",
      hint: "leave the mode out, or give host",
    });
  }
  throw invalid(`invalid ${what}: ${given}`, "CTR_NAMESPACE_MODE_INVALID");
}
