/** Errors that end a command with a text and an exit code. */

/** Exit codes of Docker's CLI that are no command's own. */
export const ExitCode = {
  failed: 1,
  /** The engine or the command line, not the container, failed. */
  notRun: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

/** What the user sees, whole; an empty message shows nothing (the reason was printed before). */
export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = ExitCode.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** No engine answers, and none could be started. */
export class UnreachableError extends CliError {
  override readonly name: string = "UnreachableError";
}

/** An answer of the engine with an error status. */
export class EngineError extends Error {
  override readonly name: string = "EngineError";
  /** HTTP status. */
  readonly status: number;
  /** The engine's own words, without `Error response from daemon`. */
  readonly reason: string;

  /** @param hint the way out, shown on a line of its own; Docker's engine gives none */
  constructor(status: number, reason: string, hint?: string) {
    super(`Error response from daemon: ${reason}${hint === undefined ? "" : `\n${hint}`}`);
    this.status = status;
    this.reason = reason;
  }
}
