/**
 * Starting conmon: its command line and the protocol on its pipes (conmon's sources, `src/cli.c` and `src/conmon.c`).
 * conmon forks itself away into a session of its own, so nothing that happens to the engine reaches it.
 */
import type { Readable } from "node:stream";
import { messageOf, systemFailure } from "../../lib/errors.ts";
import { type PipedProcess, type PipedRequest, startPiped } from "../../lib/system/piped-process.ts";

export interface ConmonOptions {
  /** Id of the container, also for an exec. */
  readonly containerId: string;
  /** Id of this session: the container's, or the exec's. */
  readonly sessionId: string;
  readonly name: string;
  readonly runtimePath: string;
  readonly runtimeRoot: string;
  /** OCI bundle of a container; for an exec any directory of its own. The sockets `attach` and `ctl` are made in it. */
  readonly directory: string;
  readonly exitDirectory: string;
  /** Undefined: the output is not kept. */
  readonly logPath: string | undefined;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Input stays open when an attached client leaves. */
  readonly leaveStdinOpen: boolean;
  /** For an exec: file with the OCI process to run. */
  readonly execProcess?: string;
  /** For an exec: the group to run it in, below the container's. */
  readonly execGroup?: string | undefined;
  /** For an exec: oom_score_adj that the runtime begins with and hands on; 0, which conmon gives it, when absent. */
  readonly oomScoreAdj?: number | undefined;
}

export const PID_FILE = "init.pid";
export const CONMON_PID_FILE = "conmon.pid";

const STDERR = 2;
const SYNC_PIPE = 3;
const START_PIPE = 4;
const ATTACH_PIPE = 5;

export function conmonArguments(options: ConmonOptions): string[] {
  const { directory, execProcess, execGroup } = options;
  return [
    ["--api-version", "1"],
    ["--cid", options.containerId, "--cuuid", options.sessionId, "--name", options.name],
    runtimeArguments(options),
    [`--runtime-arg=--root=${options.runtimeRoot}`],
    ["--bundle", directory, "--full-attach"],
    ["--container-pidfile", `${directory}/${PID_FILE}`, "--conmon-pidfile", `${directory}/${CONMON_PID_FILE}`],
    ["--exit-dir", options.exitDirectory],
    ["--log-path", options.logPath === undefined ? "none" : `k8s-file:${options.logPath}`],
    // A log is not worth a wait for the disk at each container's end.
    ["--no-sync-log"],
    options.tty ? ["--terminal"] : [],
    options.stdin ? ["--stdin"] : [],
    options.leaveStdinOpen ? ["--leave-stdin-open"] : [],
    execProcess === undefined ? [] : ["--exec", "--exec-attach", "--exec-process-spec", execProcess],
    execGroup === undefined ? [] : [`--runtime-opt=--cgroup=${execGroup}`],
  ].flat();
}

/** A shell sets the score for itself, and becomes the runtime. */
function runtimeArguments({ runtimePath, oomScoreAdj }: ConmonOptions): string[] {
  if (oomScoreAdj === undefined) return ["--runtime", runtimePath];
  const script = `echo ${oomScoreAdj} >/proc/self/oom_score_adj; exec "$0" "$@"`;
  return ["--runtime", "/bin/sh", ...["-c", script, runtimePath].map((word) => `--runtime-arg=${word}`)];
}

/** The OCI runtime, or conmon itself, refused. `message` is its text, not yet made fit for users. */
export class RuntimeFailure extends Error {
  override readonly name: string = "RuntimeFailure";
}

/** One answer on conmon's sync pipe. Negative `data` is a failure. */
export interface SyncMessage {
  readonly data: number;
  readonly message?: string;
}

export interface ConmonProcess {
  /** The next answer on the sync pipe. @throws {RuntimeFailure} when conmon reports a failure or ends without an answer */
  answer(): Promise<number>;
  /** The first of conmon's processes has ended: the other one is on its own and its pid file is written. */
  readonly detached: Promise<void>;
  /** For an exec: resolves when the attach socket is there. */
  readonly attachable: Promise<void>;
  /** conmon has waited since its start: now it makes the container; an exec's program is run, its clients are connected. */
  go(): void;
  /** Ends a conmon that still waits for {@link go}. */
  abandon(): Promise<void>;
  /** No more answers are wanted. */
  release(): void;
}

/**
 * Starts conmon. It loads and then waits, so that what the container needs can be made meanwhile. Should the engine die
 * before {@link ConmonProcess.go}, conmon takes the end of the pipe for the word to go on: what it then makes is found
 * by the next engine and taken away.
 * @param program path of conmon
 * @param scratch directory for conmon's temporary sockets; short, because a socket's path has at most 107 bytes
 */
export function launchConmon(program: string, scratch: string, options: ConmonOptions): ConmonProcess {
  const isExec = options.execProcess !== undefined;
  const child = start(program, {
    args: conmonArguments(options),
    pipes: {
      [STDERR]: "read",
      [SYNC_PIPE]: "read",
      [START_PIPE]: "write",
      ...(isExec ? { [ATTACH_PIPE]: "read" } : {}),
    },
    environment: {
      PATH: process.env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      TMPDIR: scratch,
      // Times in the log are written in conmon's local zone.
      TZ: "UTC",
      _OCI_SYNCPIPE: String(SYNC_PIPE),
      _OCI_STARTPIPE: String(START_PIPE),
      ...(isExec ? { _OCI_ATTACHPIPE: String(ATTACH_PIPE) } : {}),
    },
  });
  const stderr = collect(child.pipe(STDERR));
  const detached = firstProcess(child, stderr);
  // It is awaited together with the answers; a failure is reported there.
  detached.catch(() => {});
  const answers = messages(child.pipe(SYNC_PIPE));
  const word = child.pipe(START_PIPE);
  const attach = isExec ? messages(child.pipe(ATTACH_PIPE)) : undefined;
  // For an exec conmon waits twice: at its own start, and with the program until clients are connected.
  if (isExec) word.write("\0");
  return {
    detached,
    attachable: attach === undefined ? Promise.resolve() : attach.next().then(() => {}),
    async answer(): Promise<number> {
      const { value } = await answers.next();
      if (value === undefined) {
        await detached;
        throw new RuntimeFailure(`conmon ended without an answer${stderr() === "" ? "" : `: ${stderr()}`}`);
      }
      if (value.data < 0) {
        throw new RuntimeFailure(runtimeText(value.message ?? "the OCI runtime failed without a message"));
      }
      return value.data;
    },
    go: () => {
      word.end("\0");
    },
    async abandon(): Promise<void> {
      child.kill();
      await detached.catch(() => {});
    },
    release: () => child.closePipes(),
  };
}

/** @throws `system` when conmon cannot be run */
function start(program: string, request: Omit<PipedRequest, "program">): PipedProcess {
  try {
    return startPiped({ program, ...request });
  } catch (cause) {
    throw systemFailure(`cannot start ${program}: ${messageOf(cause)}`, {
      code: "CTR_CONMON_MISSING",
      hint: "install the package conmon",
      cause,
    });
  }
}

function collect(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text.trim();
}

async function firstProcess({ exited }: PipedProcess, stderr: () => string): Promise<void> {
  const exitCode = await exited;
  if (exitCode === 0) return;
  throw systemFailure(`conmon failed with exit code ${exitCode}: ${stderr()}`, "CTR_CONMON_FAILED");
}

/** The lines of JSON on a pipe. Ends with the pipe. */
async function* messages(pipe: Readable): AsyncGenerator<SyncMessage, undefined> {
  let rest = "";
  try {
    for await (const chunk of pipe) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield parseSyncMessage(line);
    }
  } catch {
    // A pipe that breaks says the same as one that ends.
  }
  return undefined;
}

/** Exported for tests. A line that is no JSON can only come from a message with bytes that conmon does not escape. */
export function parseSyncMessage(line: string): SyncMessage {
  try {
    return JSON.parse(line) as SyncMessage;
  } catch {
    return { data: -1, message: line };
  }
}

/** Exported for tests. runc writes its errors as log lines, `time="…" level=error msg="…"`: the last message is the reason. */
export function runtimeText(output: string): string {
  const [, quoted] = [...output.matchAll(/level=(?:error|fatal) msg=("(?:[^"\\]|\\.)*")/g)].at(-1) ?? [];
  if (quoted === undefined) return output.trim();
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
