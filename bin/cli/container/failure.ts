/** How `run` and `create` end when the container does not come to life. */
import { CtrError } from "../../../lib/errors.ts";
import { CliError, EngineError, ExitCode, UnreachableError } from "../errors.ts";

/** The error as Docker shows it, `ctr: Error response from daemon: …`, with the exit code that its words mean. */
export function runFailure(error: unknown, verb: "run" | "create"): unknown {
  const message = messageOf(error);
  if (message === undefined) return error;
  return new CliError(`ctr: ${message}\n\nRun 'ctr ${verb} --help' for more information`, exitCodeOf(error));
}

function messageOf(error: unknown): string | undefined {
  if (error instanceof EngineError || error instanceof UnreachableError) return error.message;
  if (error instanceof CtrError) return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  return error instanceof CliError && error.exitCode === ExitCode.notRun ? error.message : undefined;
}

/** Docker reads the OCI runtime's words: what it could not find or execute is the command's fault, not the engine's. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof EngineError)) return ExitCode.notRun;
  const { reason } = error;
  if (/executable file not found|no such file or directory/.test(reason)) return ExitCode.notFound;
  if (/permission denied|is a directory/.test(reason)) return ExitCode.notExecutable;
  return ExitCode.notRun;
}
