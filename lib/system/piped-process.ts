/** A program with pipes between it and us, started without a fork: see {@link spawnProcess}. */
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { signalProcess } from "./process.ts";
import { openPipe, spawnProcess } from "./spawn.ts";

export interface PipedRequest {
  /** Absolute path. */
  readonly program: string;
  /** Without the program's name. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The program's descriptors that we read from or write to; standard ones that are not named are /dev/null. */
  readonly pipes: Readonly<Record<number, "read" | "write">>;
}

export interface PipedProcess {
  readonly pid: number;
  /** Resolves with the exit code, or with 128 and the signal's number. */
  readonly exited: Promise<number>;
  /** Our end of the pipe under this descriptor. A pipe that breaks ends without an error. */
  pipe(descriptor: number): Socket;
  /** Closes our ends. */
  closePipes(): void;
  /** SIGKILL. One that has ended is fine. */
  kill(): void;
}

/** @throws {SystemCallError} when it cannot be run (ENOENT, EACCES …); nothing is left open then */
export function startPiped({ program, args, environment, pipes }: PipedRequest): PipedProcess {
  const ours = new Map<number, Socket>();
  const theirs = new Map<number, number>();
  const closePipes = (): void => {
    for (const socket of ours.values()) socket.destroy();
  };
  try {
    for (const [key, direction] of Object.entries(pipes)) {
      const { readEnd, writeEnd } = openPipe();
      const readable = direction === "read";
      theirs.set(Number(key), readable ? writeEnd : readEnd);
      const socket = new Socket({ fd: readable ? readEnd : writeEnd, readable, writable: !readable });
      ours.set(
        Number(key),
        socket.on("error", () => {}),
      );
    }
    const { pid, exited } = spawnProcess({ program, args, environment, descriptors: theirs });
    let ended = false;
    void exited.then(() => {
      ended = true;
    });
    return {
      pid,
      exited,
      pipe: (descriptor) => required(ours, descriptor),
      closePipes,
      // Until it is waited for, nobody else can have its pid.
      kill: () => {
        if (!ended) signalProcess(pid, "SIGKILL");
      },
    };
  } catch (error) {
    closePipes();
    throw error;
  } finally {
    for (const fd of theirs.values()) closeSync(fd);
  }
}

function required(pipes: ReadonlyMap<number, Socket>, descriptor: number): Socket {
  const socket = pipes.get(descriptor);
  if (socket === undefined) throw new TypeError(`no pipe was asked for under descriptor ${descriptor}`);
  return socket;
}
