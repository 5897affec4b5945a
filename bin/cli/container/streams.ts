/** Joins the user's stdin, stdout and stderr with a container's over one connection. */
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { DetachScanner, parseDetachKeys } from "../../../lib/detach-keys.ts";
import { hasCode } from "../../../lib/errors.ts";
import { FrameDecoder, type OutputStream } from "../client/frames.ts";
import { inputIsTerminal, rawMode } from "../terminal/terminal.ts";

export interface StreamOptions {
  /** The container has a terminal: output is one stream as it is, without frames. */
  readonly tty: boolean;
  /** Send the user's input. */
  readonly input: boolean;
  readonly detachKeys: string | undefined;
}

export type StreamEnd = "closed" | "detached";

/** Carries input and output until the container's output ends, or the user presses the detach keys. */
export async function joinStreams(socket: Socket, options: StreamOptions): Promise<StreamEnd> {
  const keyboard = options.input && inputIsTerminal() && options.tty;
  const restore = keyboard ? rawMode() : () => {};
  try {
    const output = copyOutput(socket, options.tty);
    if (!options.input) {
      socket.end();
      await output;
      return "closed";
    }
    const scanner = options.tty ? new DetachScanner(parseDetachKeys(options.detachKeys)) : undefined;
    const detached = copyInput(socket, scanner);
    return await Promise.race([output.then(() => "closed" as const), detached]);
  } finally {
    restore();
    // An input that goes on must not keep us. It is not touched when unused: reading it would start a stream on it.
    if (options.input) process.stdin.destroy();
    socket.destroy();
  }
}

/** Resolves when the container's output has ended and all of it is written. */
export async function copyOutput(source: AsyncIterable<Buffer>, tty: boolean): Promise<void> {
  const decoder = new FrameDecoder((stream, data) => void targetOf(stream).write(data));
  try {
    for await (const chunk of source) {
      if (tty) process.stdout.write(chunk);
      else decoder.push(chunk);
      await Promise.all([drained(process.stdout), drained(process.stderr)]);
    }
  } catch (error) {
    // The engine ends a connection whose input it has not read with a reset.
    if (!hasCode(error, "ECONNRESET", "EPIPE")) throw error;
  }
}

const targetOf = (stream: OutputStream): Writable => (stream === "stdout" ? process.stdout : process.stderr);

async function drained(stream: Writable): Promise<void> {
  if (stream.writableNeedDrain) await once(stream, "drain");
}

/** Sends what the user types; at its end the container's stdin is closed. Resolves only when the user detaches. */
function copyInput(socket: Socket, scanner: DetachScanner | undefined): Promise<"detached"> {
  return new Promise((resolve) => {
    // Input for a container that has ended goes nowhere.
    socket.on("error", () => {});
    process.stdin.on("data", (chunk: Buffer) => {
      const { data, detached } = scanner?.scan(chunk) ?? { data: chunk, detached: false };
      if (data.length > 0 && socket.writable && !socket.write(data)) {
        process.stdin.pause();
        socket.once("drain", () => process.stdin.resume());
      }
      if (detached) resolve("detached");
    });
    process.stdin.on("end", () => socket.end());
    process.stdin.on("error", () => socket.end());
  });
}
