/**
 * Runs a program and waits for it. For what runs rarely: a spawn blocks the event loop for almost 2 ms.
 */
import { spawn } from "node:child_process";
import { type CtrError, systemFailure } from "./errors.ts";

export interface CommandOptions {
  /** Written to the program's standard input, which is then closed. Without it the program reads /dev/null. */
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the program gets SIGKILL. No limit by default. */
  readonly timeout?: number;
  /** Exit codes that are results rather than failures. */
  readonly expect?: readonly number[];
}

export interface CommandResult {
  readonly argv: readonly string[];
  /** The exit code, or null when a signal ended the program. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program could not be started, or ended with a code that was not expected. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly result: CommandResult;

  constructor(result: CommandResult, reason: string, cause?: unknown) {
    const detail = result.stderr.trim();
    super(`${result.argv.join(" ")}: ${reason}${detail === "" ? "" : `: ${detail}`}`, { cause });
    this.result = result;
  }

  /** The same failure as a {@link CtrError}. */
  toCtrError(): CtrError {
    return systemFailure(this.message, { code: "CTR_COMMAND_FAILED", cause: this });
  }
}

/**
 * @param argv the program and its arguments; no shell is involved.
 * @throws {CommandError} when it cannot be started, or its exit code is not in `expect` (by default only 0).
 */
export function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("runCommand: empty argv");
  const { input, cwd, env, timeout, expect = [0] } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...(timeout === undefined ? {} : { timeout, killSignal: "SIGKILL" }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
    const resultOf = (exitCode: number | null, signal: NodeJS.Signals | null): CommandResult => ({
      argv,
      exitCode,
      signal,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    });
    child.on("error", (error) => reject(new CommandError(resultOf(null, null), error.message, error)));
    child.on("close", (exitCode, signal) => {
      const result = resultOf(exitCode, signal);
      if (exitCode !== null && expect.includes(exitCode)) return resolve(result);
      reject(new CommandError(result, signal === null ? `exit code ${exitCode}` : `killed by ${signal}`));
    });
    // A program may exit before it has read its input: its exit code tells, not our EPIPE.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
