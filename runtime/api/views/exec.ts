/** `GET /exec/{id}/json`. */
import type { ExecState } from "../../container/index.ts";

export function execInspect({ id, containerId, running, exitCode, pid, request }: ExecState) {
  const [entrypoint = "", ...rest] = request.Cmd;
  return {
    ID: id,
    Running: running,
    ExitCode: exitCode,
    ProcessConfig: {
      tty: request.Tty ?? false,
      entrypoint,
      arguments: rest,
      privileged: request.Privileged ?? false,
      ...(request.User ? { user: request.User } : {}),
    },
    OpenStdin: request.AttachStdin ?? false,
    OpenStderr: request.AttachStderr ?? false,
    OpenStdout: request.AttachStdout ?? false,
    CanRemove: !running && exitCode !== null,
    ContainerID: containerId,
    DetachKeys: request.DetachKeys ?? "",
    Pid: pid,
  };
}
