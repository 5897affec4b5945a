/** Processes of a private host, and what they hold in memory. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hasCode } from "../../../lib/errors.ts";
import type { PrivateHost } from "../../support/private-host.ts";

export interface ProcessEntry {
  readonly pid: number;
  readonly command: string;
}

/** All processes in the host's mount namespace: the engine and its monitors, not what runs in containers. */
export function processesOf(host: PrivateHost): ProcessEntry[] {
  const own = readlinkSync(host.mountNamespace);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .flatMap((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/ns/mnt`) !== own) return [];
        return [{ pid, command: readFileSync(`/proc/${pid}/comm`, "utf8").trim() }];
      } catch (error) {
        if (hasCode(error, "ENOENT", "ESRCH", "EACCES")) return [];
        throw error;
      }
    });
}

/** Memory that would be free if the process ended: private pages and its share of shared ones. Bytes. */
export function proportionalSetSize(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** Resident memory, shared pages counted in full. Bytes. */
export function residentSetSize(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
