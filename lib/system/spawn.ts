/**
 * Starting programs from a large process. Node's `spawn` forks, which copies the page tables of the whole heap (13 ms
 * were seen with 190 MB, during which nothing else runs, and a page fault for each page touched afterwards);
 * posix_spawn(3) copies nothing (1 ms in the same run). Only for programs with pipes of their own: no shell, no stdio.
 */
import { lastErrno, rawCall, SystemCallError, systemCall } from "./libc.ts";

export interface SpawnRequest {
  /** Absolute path. */
  readonly program: string;
  /** Without the program's name. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The child's descriptor → ours. Those of 0, 1 and 2 that are not named are /dev/null. Ours stay open here. */
  readonly descriptors: ReadonlyMap<number, number>;
}

export interface SpawnedProcess {
  readonly pid: number;
  /** Resolves with the exit code, or with 128 and the signal's number. */
  readonly exited: Promise<number>;
}

export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

const O_CLOEXEC = 0o2000000;
const O_RDWR = 2;
const WNOHANG = 1;
const EINTR = 4;

const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;

/** Bytes: more than any C library's posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t. */
const OPAQUE = 512;

/** Children that have not been waited for. */
const running = new Map<number, (exitCode: number) => void>();

/** @returns two descriptors that children do not inherit */
export function openPipe(): Pipe {
  const ends = Buffer.alloc(8);
  systemCall("pipe2", "pipe", ends, O_CLOEXEC);
  return { readEnd: ends.readInt32LE(0), writeEnd: ends.readInt32LE(4) };
}

/**
 * Starts a program in a session of its own, with no signal blocked or ignored.
 * @throws {SystemCallError} when it cannot be run (ENOENT, EACCES …)
 */
export function spawnProcess({ program, args, environment, descriptors }: SpawnRequest): SpawnedProcess {
  const pid = Buffer.alloc(4);
  using actions = fileActions(descriptors);
  using attributes = spawnAttributes();
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  watchChildren();
  const errno = rawCall(
    "posix_spawn",
    ...[pid, program, actions.memory, attributes.memory],
    ...[nullTerminated([program, ...args]), nullTerminated(variables)],
  );
  if (errno !== 0) throw new SystemCallError("posix_spawn", errno, program);
  const child = pid.readInt32LE(0);
  return { pid: child, exited: new Promise((resolve) => running.set(child, resolve)) };
}

interface Opaque extends Disposable {
  readonly memory: Buffer;
}

function fileActions(descriptors: ReadonlyMap<number, number>): Opaque {
  const memory = Buffer.alloc(OPAQUE);
  rawCall("posix_spawn_file_actions_init", memory);
  for (const standard of [0, 1, 2]) {
    if (!descriptors.has(standard)) {
      rawCall("posix_spawn_file_actions_addopen", memory, standard, "/dev/null", O_RDWR, 0);
    }
  }
  const highest = Math.max(...descriptors.keys());
  for (const [theirs, ours] of descriptors) {
    // The child's descriptors are made one after the other: none may be overwritten before it is copied.
    if (ours <= highest) throw new TypeError(`descriptor ${ours} would be overwritten in the child`);
    rawCall("posix_spawn_file_actions_adddup2", memory, ours, theirs);
  }
  return { memory, [Symbol.dispose]: () => void rawCall("posix_spawn_file_actions_destroy", memory) };
}

function spawnAttributes(): Opaque {
  const memory = Buffer.alloc(OPAQUE);
  rawCall("posix_spawnattr_init", memory);
  rawCall("posix_spawnattr_setflags", memory, SETSIGDEF | SETSIGMASK | SETSID);
  // Node ignores SIGPIPE, and an ignored signal stays ignored in every descendant.
  rawCall("posix_spawnattr_setsigdefault", memory, Buffer.alloc(OPAQUE, 0xff));
  rawCall("posix_spawnattr_setsigmask", memory, Buffer.alloc(OPAQUE));
  return { memory, [Symbol.dispose]: () => void rawCall("posix_spawnattr_destroy", memory) };
}

const nullTerminated = (texts: readonly string[]): readonly (string | null)[] => [...texts, null];

let watching = false;

/** Node itself waits only for the children that it has started. */
function watchChildren(): void {
  if (watching) return;
  watching = true;
  process.on("SIGCHLD", reap);
}

function reap(): void {
  const status = Buffer.alloc(4);
  for (const [pid, resolve] of running) {
    const result = rawCall("waitpid", pid, status, WNOHANG);
    if (result === 0 || (result < 0 && lastErrno() === EINTR)) continue;
    running.delete(pid);
    if (result < 0) throw new SystemCallError("waitpid", lastErrno(), `process ${pid}`);
    resolve(exitCodeOf(status.readInt32LE(0)));
  }
}

/** See wait(2). */
function exitCodeOf(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}
