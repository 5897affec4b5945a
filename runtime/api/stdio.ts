/** Joins a client's connection with the standard streams of a container or of an exec. */
import type { Readable } from "node:stream";
import type { DetachScanner } from "../../lib/detach-keys.ts";
import type { Attachment } from "../monitor/index.ts";
import { encodeFrame, type OutputStream } from "./frames.ts";
import type { HijackedConnection } from "./hijack.ts";
import type { ResponseSink } from "./sink.ts";

export interface JoinOptions {
  /** The client's input goes to the container. */
  readonly stdin: boolean;
  /** Output without frames, whatever it comes from; as it comes from a terminal or not when absent. */
  readonly raw?: boolean;
  /** Watches the input for the keys that detach. */
  readonly detach?: DetachScanner | undefined;
  /** Waited for after the output's end: what clients ask for when the connection closes must be known by then. */
  readonly ended?: () => Promise<void>;
  /** Aborted when the server closes. */
  readonly signal: AbortSignal;
}

/** Resolves when the output has ended, or the client has gone or detached; the connection is closed then. */
export async function joinStreams(
  connection: HijackedConnection,
  attachment: Attachment,
  { stdin, raw = attachment.tty, detach, ended, signal }: JoinOptions,
): Promise<void> {
  const left = Promise.withResolvers<void>();
  const leave = (): void => {
    left.resolve();
    attachment.close();
  };
  connection.onClose(leave);
  signal.addEventListener("abort", leave);
  const stopInput = stdin
    ? forwardInput(connection.input, attachment, { detach, leave })
    : discardInput(connection.input);
  try {
    for await (const { stream, data } of attachment.output) {
      if (!(await writeOutput(connection.output, raw, stream, data))) return;
    }
    await Promise.race([ended?.(), left.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
    stopInput();
    attachment.close();
    connection.close();
  }
}

/** Raw or in frames. @returns false when the client is gone */
export function writeOutput(sink: ResponseSink, raw: boolean, stream: OutputStream, data: Buffer): Promise<boolean> {
  return sink.write(raw ? data : encodeFrame(stream, data));
}

/** Passes input on as fast as the container takes it. @returns the function that stops it */
function forwardInput(
  input: Readable,
  attachment: Attachment,
  { detach, leave }: { readonly detach: DetachScanner | undefined; readonly leave: () => void },
): () => void {
  const forward = async (data: Buffer): Promise<void> => {
    const { data: typed, detached } = detach?.scan(data) ?? { data, detached: false };
    input.pause();
    // Input for a container that has ended is dropped; the end of the output closes the connection.
    if (typed.length > 0) await attachment.write(typed).catch(() => {});
    if (detached) leave();
    input.resume();
  };
  const onData = (data: Buffer): void => void forward(data);
  const onEnd = (): void => attachment.endInput();
  input.on("data", onData);
  // A client that has nothing to say may have ended its input before this was asked to listen.
  if (input.readableEnded) onEnd();
  else input.once("end", onEnd);
  input.resume();
  return () => {
    input.off("data", onData);
    input.off("end", onEnd);
    input.resume();
  };
}

function discardInput(input: Readable): () => void {
  input.resume();
  return () => {};
}
