/** Who has a socket open: /proc/PID/fd of processes. See proc_pid_fd(5). */
import { readdirSync, readlinkSync } from "node:fs";
import { hasCode } from "../../../lib/errors.ts";
import type { SocketHolder } from "../types/index.ts";
import { readSmallFile } from "./proc-files.ts";

/**
 * Looks at processes until all sockets are found.
 * @param inodes of sockets
 * @param namespaces inodes of the network namespaces that the sockets are in: their processes are looked at first
 */
export function findHolders(inodes: Iterable<number>, namespaces: ReadonlySet<number>): Map<number, SocketHolder> {
  const wanted = new Set(inodes);
  const holders = new Map<number, SocketHolder>();
  for (const pid of processesOf(namespaces)) {
    if (wanted.size === 0) break;
    let holder: SocketHolder | undefined;
    for (const inode of socketsOf(pid)) {
      if (!wanted.delete(inode)) continue;
      holder ??= holderOf(pid);
      holders.set(inode, holder);
    }
  }
  return holders;
}

function holderOf(pid: number): SocketHolder {
  const name = readSmallFile(`/proc/${pid}/comm`)?.trimEnd() ?? "";
  // The state follows the name, which may hold anything: proc_pid_stat(5).
  const isStopped = /^\) [Tt] /.test(readSmallFile(`/proc/${pid}/stat`)?.replace(/^.*(?=\) )/s, "") ?? "");
  return { pid, name, ...(isStopped ? { stopped: true } : {}) };
}

/** A program may also hold a socket of a namespace that it is not in, as our own name server does. */
function processesOf(namespaces: ReadonlySet<number>): number[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const inside = pids.filter((pid) => namespaces.has(networkNamespaceOf(pid) ?? 0));
  const first = new Set(inside);
  return [...inside, ...pids.filter((pid) => !first.has(pid))];
}

function networkNamespaceOf(pid: number): number | undefined {
  return inodeOf(readLink(`/proc/${pid}/ns/net`), "net:[");
}

function* socketsOf(pid: number): Generator<number> {
  for (const file of listFolder(`/proc/${pid}/fd`)) {
    const inode = inodeOf(readLink(`/proc/${pid}/fd/${file}`), "socket:[");
    if (inode !== undefined) yield inode;
  }
}

/** `socket:[1234]` → 1234 */
const inodeOf = (link: string, prefix: string): number | undefined =>
  link.startsWith(prefix) ? Number(link.slice(prefix.length, -1)) : undefined;

function readLink(path: string): string {
  return unlessGone(() => readlinkSync(path), "");
}

function listFolder(path: string): string[] {
  return unlessGone(() => readdirSync(path), []);
}

function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EACCES", "EPERM")) return otherwise;
    throw error;
  }
}
