/** A program that reads one JSON value on its standard input and answers with JSON lines on its standard output. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { StringDecoder } from "node:string_decoder";
import { systemFailure } from "./errors.ts";

export interface JsonProgramOptions {
  readonly input: unknown;
  /** Ends the program with SIGTERM; the lines end without an error then. */
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** Bytes of its standard error that are kept for the text of a failure. */
const KEPT_ERRORS = 4096;

/**
 * Ends the program, too, when the caller stops reading.
 * @param argv the program and its arguments; no shell is involved
 * @throws `system` (`CTR_PROGRAM_FAILED`) when it cannot be started, or ends with another exit code than 0
 */
export async function* jsonProgram<T>(argv: readonly string[], options: JsonProgramOptions): AsyncGenerator<T> {
  const { input, signal, env } = options;
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], ...(env === undefined ? {} : { env }) });
  const ended = once(child, "close");
  // Told where it is waited for; when nobody waits any more it is of no interest.
  ended.catch(() => {});
  const stop = (): void => void child.kill("SIGTERM");
  signal?.addEventListener("abort", stop);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-KEPT_ERRORS);
  });
  // It may end before it has read everything: its exit code tells, not our EPIPE.
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify(input));
  if (signal?.aborted) stop();
  try {
    yield* linesOf<T>(child.stdout);
    const [code, killed] = (await ended) as [number | null, NodeJS.Signals | null];
    if (code !== 0 && !signal?.aborted) throw failed(program, killed ?? `exit code ${code}`, errors);
  } finally {
    signal?.removeEventListener("abort", stop);
    if (child.exitCode === null && child.signalCode === null) stop();
  }
}

async function* linesOf<T>(output: AsyncIterable<Buffer>): AsyncGenerator<T> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of output) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line) as T;
  }
  if (rest !== "") yield JSON.parse(rest) as T;
}

const failed = (program: string, how: string, errors: string) =>
  systemFailure(`${program} failed (${how})${errors.trim() === "" ? "" : `: ${errors.trim()}`}`, "CTR_PROGRAM_FAILED");
