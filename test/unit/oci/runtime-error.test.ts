import { equal } from "node:assert/strict";
import { systemFailure } from "../../../lib/errors.ts";
import { exitCodeOfFailure, mapRuntimeError } from "../../../runtime/oci/runtime-error.ts";

const CREATE = "failed to create task for container: failed to create shim task: OCI runtime create failed: ";
const RUNC = "runc create failed: unable to start container process: ";
const EXEC = "exec failed: unable to start container process: ";
const MISMATCH =
  ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type";

describe("a runtime's error", () => {
  for (const [title, text, exitCode, status, message] of [
    [
      "a missing program",
      `${RUNC}exec: "nosuch": executable file not found in $PATH\n`,
      ...([127, 400] as const),
      `${CREATE}${RUNC}exec: "nosuch": executable file not found in $PATH: unknown`,
    ],
    [
      "a missing path",
      `${RUNC}exec: "/bin/x": stat /bin/x: no such file or directory`,
      ...([127, 400] as const),
      `${CREATE}${RUNC}exec: "/bin/x": stat /bin/x: no such file or directory: unknown`,
    ],
    [
      "a program without permission",
      `${RUNC}exec: "/etc/passwd": permission denied`,
      ...([126, 400] as const),
      `${CREATE}${RUNC}exec: "/etc/passwd": permission denied: unknown`,
    ],
    [
      "a directory as program, in newer runc's words",
      `${RUNC}exec: "/etc": is a directory`,
      ...([126, 400] as const),
      `${CREATE}${RUNC}exec: "/etc": is a directory: unknown: permission denied`,
    ],
    [
      "a file mounted onto a directory",
      `${RUNC}error mounting "/f" to rootfs at "/etc": not a directory`,
      ...([127, 400] as const),
      `${CREATE}${RUNC}error mounting "/f" to rootfs at "/etc": not a directory: unknown${MISMATCH}`,
    ],
    [
      "anything else",
      `${RUNC}unable to apply caps: operation not permitted`,
      ...([128, 500] as const),
      `${CREATE}${RUNC}unable to apply caps: operation not permitted: unknown`,
    ],
    [
      "a missing program of an exec",
      `${EXEC}exec: "nosuch": executable file not found in $PATH`,
      ...([127, 400] as const),
      `OCI runtime exec failed: ${EXEC}exec: "nosuch": executable file not found in $PATH: unknown`,
    ],
    [
      "a missing program, by crun",
      "executable file `nosuch` not found in $PATH: No such file or directory",
      ...([127, 400] as const),
      `${CREATE}exec: "nosuch": executable file not found in $PATH: unknown`,
    ],
    [
      "a missing path, by crun",
      "executable file `/bin/x` not found in $PATH: No such file or directory",
      ...([127, 400] as const),
      `${CREATE}exec: "/bin/x": stat /bin/x: no such file or directory: unknown`,
    ],
    [
      "a program without permission, by crun",
      "open executable: Permission denied",
      ...([126, 400] as const),
      `${CREATE}open executable: permission denied: unknown`,
    ],
    [
      "a directory as program, by crun",
      "open executable: Operation not permitted",
      ...([126, 400] as const),
      `${CREATE}open executable: permission denied: unknown`,
    ],
    [
      "a failure of conmon",
      "conmon ended without an answer: killed",
      ...([128, 500] as const),
      "conmon ended without an answer: killed",
    ],
  ] as const) {
    it(`has Docker's words, status and exit code: ${title}`, () => {
      const error = mapRuntimeError(text);
      equal(error.message, message);
      equal(error.status, status);
      equal(exitCodeOfFailure(error), exitCode);
    });
  }

  it("alone tells an exit code", () => {
    equal(exitCodeOfFailure(systemFailure("no such file or directory", "CTR_X")), undefined);
    equal(exitCodeOfFailure(undefined), undefined);
  });
});
