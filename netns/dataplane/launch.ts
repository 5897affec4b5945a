/** Starting the companion process. */
import { closeSync, openSync, rmSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemCall } from "../../lib/system/libc.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from "../../lib/system/socket.ts";
import { spawnProcess } from "../../lib/system/spawn.ts";

const LONGEST_PATH = 107;
const BACKLOG = 8;

/** The source beside this one, or in a release the bundle beside the engine's. */
const PROGRAM = fileURLToPath(new URL(`./ctr-dataplane${extname(import.meta.filename)}`, import.meta.url));
/** Small heap spaces: what is kept is small, and what queries leave behind dies young. */
const NODE_FLAGS = ["--max-semi-space-size=2", "--max-old-space-size=256"];
/** The child's descriptor of the listening socket. */
export const LISTENING_DESCRIPTOR = 3;
/** The child's descriptors begin at 0; ours for it must lie above them, see {@link spawnProcess}. */
const FREE_DESCRIPTOR = 10;

export interface LaunchedProcess {
  readonly pid: number;
  /** Resolves with the exit code. */
  readonly exited: Promise<number>;
}

/**
 * Starts a data plane in a session of its own. The socket is made here and handed down: a client can connect at once, and
 * waits until the process has started.
 * @param socketPath a socket that nobody listens on any more is replaced
 * @param logPath what it says when it dies is written there
 * @throws {SystemCallError}
 */
export function launchDataPlane(socketPath: string, logPath: string): LaunchedProcess {
  using resources = new DisposableStack();
  const descriptor = (fd: number): number => {
    resources.defer(() => closeSync(fd));
    return fd;
  };
  const log = descriptor(openSync(logPath, "w", 0o600));
  const listening = descriptor(listenOn(socketPath));
  return spawnProcess({
    program: process.execPath,
    args: [...NODE_FLAGS, PROGRAM, socketPath],
    environment: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
    descriptors: new Map([
      [2, descriptor(above(log))],
      [LISTENING_DESCRIPTOR, descriptor(above(listening))],
    ]),
  });
}

const F_DUPFD_CLOEXEC = 1030;
const above = (fd: number): number => systemCall("fcntl", "descriptor", fd, F_DUPFD_CLOEXEC, FREE_DESCRIPTOR);

function listenOn(path: string): number {
  rmSync(path, { force: true });
  const fd = systemCall("socket", path, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  try {
    withShortPath(path, (name) => {
      const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${name}\0`)]);
      systemCall("bind", path, fd, address, address.length);
    });
    systemCall("listen", path, fd, BACKLOG);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Socket addresses hold at most 107 bytes of path. */
function withShortPath(path: string, body: (path: string) => void): void {
  if (Buffer.byteLength(path) <= LONGEST_PATH) {
    body(path);
    return;
  }
  const directory = openSync(dirname(path), "r");
  try {
    body(join(`/proc/self/fd/${directory}`, basename(path)));
  } finally {
    closeSync(directory);
  }
}
