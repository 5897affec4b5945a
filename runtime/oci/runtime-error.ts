/** What the OCI runtime says when it cannot run a program, in Docker's words: clients match on them. */
import { CtrError, type ErrorDetails, type ErrorKind } from "../../lib/errors.ts";

/** Docker's exit codes of a container whose program did not start. */
type StartExitCode = 126 | 127 | 128;

/** The OCI runtime refused. */
export class RuntimeError extends CtrError {
  override readonly name: string = "RuntimeError";
  /** 126: it is there and cannot be run. 127: it is not there. 128: another reason. */
  readonly exitCode: StartExitCode;

  constructor(kind: ErrorKind, exitCode: StartExitCode, message: string, details: ErrorDetails) {
    super(kind, message, details);
    this.exitCode = exitCode;
  }
}

/** The exit code of a container or exec whose start failed with `error`; undefined when no runtime was asked. */
export function exitCodeOfFailure(error: unknown): number | undefined {
  return error instanceof RuntimeError ? error.exitCode : undefined;
}

const MISMATCH =
  "Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type";

/**
 * @param text as runc, crun or conmon wrote it
 * @returns `invalid` for what the request is to blame for (the program, its directory, its mounts), else `system`
 */
export function mapRuntimeError(text: string): RuntimeError {
  const reason = inGoWords(text.trim());
  const message = withOperation(reason);
  const contains = (part: string): boolean => reason.toLowerCase().includes(part);
  if (contains("permission denied")) return refused(126, message, "CTR_COMMAND_NOT_EXECUTABLE");
  if (contains("is a directory")) return refused(126, `${message}: permission denied`, "CTR_COMMAND_NOT_EXECUTABLE");
  if (contains("not a directory")) return refused(127, `${message}: ${MISMATCH}`, "CTR_MOUNT_MISMATCH");
  if (contains("executable file not found") || contains("no such file or directory")) {
    return refused(127, message, "CTR_COMMAND_NOT_FOUND");
  }
  return new RuntimeError("system", 128, message, { code: "CTR_OCI_RUNTIME" });
}

const refused = (exitCode: StartExitCode, message: string, code: ErrorDetails["code"]): RuntimeError =>
  new RuntimeError("invalid", exitCode, message, { code });

/** Docker's frame: containerd names the operation, and ends with the kind of failure that it knows. */
function withOperation(reason: string): string {
  if (reason.startsWith("conmon")) return reason;
  if (reason.startsWith("exec failed:")) return `OCI runtime exec failed: ${reason}: unknown`;
  return `failed to create task for container: failed to create shim task: OCI runtime create failed: ${reason}: unknown`;
}

/** crun speaks as the C library does; Docker's clients know the words of runc, which is written in Go. */
function inGoWords(text: string): string {
  return text
    .replace(
      /executable file [`']([^`']*)[`'] not found in \$PATH(?:: No such file or directory)?/,
      (_, name: string) => `exec: "${name}": ${missing(name)}`,
    )
    .replace("open executable: Operation not permitted", "open executable: permission denied")
    .replace(/Permission denied|No such file or directory|Not a directory|Is a directory/g, (words) =>
      words.toLowerCase(),
    );
}

const missing = (name: string): string =>
  name.includes("/") ? `stat ${name}: no such file or directory` : "executable file not found in $PATH";
