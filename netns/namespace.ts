/**
 * Network namespaces that have a name: a file which the namespace is mounted on, as `ip netns` and Docker keep them.
 * A thread enters one synchronously and is home again before anything else runs. See network_namespaces(7), setns(2).
 */
import {
  access,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { hasCode, messageOf } from "../lib/errors.ts";
import { systemCall } from "../lib/system/libc.ts";
import { MountFlag, mount, unmount } from "../lib/system/mount.ts";

const CLONE_NEWNET = 0x40000000;
/** File system type of namespace files (NSFS_MAGIC of linux/magic.h). */
const NSFS_MAGIC = 0x6e736673;
// Not /proc/self: that is the main thread's, whichever thread asks.
const PRESENT_NAMESPACE = "/proc/thread-self/ns/net";

/** What `body` may not return: it would go on in the wrong namespace. */
type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;

let threadPoolStarted = false;

/**
 * libuv starts its threads at the first use of the pool, and each is born in the namespace its maker is in at that
 * moment. Started inside a container's namespace they would stay there for ever.
 */
function startThreadPool(): void {
  if (threadPoolStarted) return;
  threadPoolStarted = true;
  access("/", () => {});
}

/** Calls `body` and comes back to the present namespace, whatever happens. */
function comingHome<T>(body: () => Synchronous<T>): T {
  startThreadPool();
  const home = openSync(PRESENT_NAMESPACE, "r");
  try {
    const result: unknown = body();
    if (isThenable(result)) throw new TypeError("a body that runs in a network namespace must be synchronous");
    return result as T;
  } finally {
    goHome(home);
    closeSync(home);
  }
}

/** A process that cannot come home would do all its further work in a container's network: it must end. */
function goHome(home: number): void {
  try {
    systemCall("setns", "the engine's own network namespace", home, CLONE_NEWNET);
  } catch (error) {
    writeSync(2, `ctr: cannot return to the engine's own network namespace, ending: ${messageOf(error)}\n`);
    process.abort();
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Runs `body` inside a network namespace, on this thread. Sockets that it opens through lib/system/libc stay there;
 * child processes that it starts are born there; `/proc/sys/net` is that namespace's.
 * @param namespace path of a namespace file, or an open descriptor of one
 * @param body synchronous: a Promise is refused, because it would go on at home
 * @throws {SystemCallError} when it cannot be entered; whatever `body` throws
 */
export function enterNetworkNamespace<T>(namespace: string | number, body: () => Synchronous<T>): T {
  return comingHome<T>(() => {
    const fd = typeof namespace === "number" ? namespace : openSync(namespace, "r");
    try {
      systemCall("setns", `network namespace ${namespace}`, fd, CLONE_NEWNET);
    } finally {
      if (fd !== namespace) closeSync(fd);
    }
    return body();
  });
}

/**
 * Makes a network namespace that lives until {@link removeNamespace}, also without a process in it.
 * @param path file to mount it on; must not exist, its folder is made when absent
 * @param body runs inside, see {@link enterNetworkNamespace}; when it throws, the namespace is removed again
 * @throws the Node system error EEXIST; {@link SystemCallError} of unshare(2) or mount(2)
 */
export function createNamespace<T = void>(path: string, body: () => Synchronous<T>): T {
  createMountPoint(path);
  try {
    return comingHome<T>(() => {
      systemCall("unshare", `network namespace ${path}`, CLONE_NEWNET);
      mount({ source: PRESENT_NAMESPACE, target: path, flags: MountFlag.bind });
      return body();
    });
  } catch (error) {
    removeNamespace(path);
    throw error;
  }
}

function createMountPoint(path: string): void {
  try {
    writeFileSync(path, "", { flag: "wx", mode: 0o444 });
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, "", { flag: "wx", mode: 0o444 });
  }
}

/**
 * Takes the name away. The kernel destroys the namespace when no process and no other mount holds it.
 * @returns without complaint when there is none
 * @throws {SystemCallError}
 */
export function removeNamespace(path: string): void {
  unmount(path);
  rmSync(path, { force: true });
}

/** True when a network namespace is mounted on `path`. */
export function namespaceExists(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Names of the files in a folder of namespaces, whether a namespace is mounted on them or not. */
export function listNamespaces(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** The file of one container's namespace, below the engine's exec-root. */
export function namespacePath(runDir: string, containerId: string): string {
  return join(runDir, "netns", containerId);
}
