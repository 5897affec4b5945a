import { list, text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { environmentOf, parseEnvironmentVariable } from "../container/environment.ts";
import { GROUP_LIMIT_OPTIONS } from "../container/limit-options.ts";
import { type GroupLimitValues, resourcesOf } from "../container/limit-request.ts";
import { followSize } from "../container/resize.ts";
import { joinStreams } from "../container/streams.ts";
import { CliError } from "../errors.ts";
import { inputIsTerminal, terminalSize } from "../terminal/terminal.ts";

export const command = defineCommand({
  summary: "Run a command in a running container",
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  operands: [2, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  alsoKnownAs: ["container exec", "exec"],
  options: {
    detach: toggle({ short: "d", help: "Run the command in the background" }),
    "detach-keys": text({ help: "Keys that leave the command and let it go on (default ctrl-p,ctrl-q)" }),
    env: list({ short: "e", help: "Set an environment variable", parse: parseEnvironmentVariable }),
    "env-file": list({ help: "Read environment variables from a file" }),
    interactive: toggle({ short: "i", help: "Keep STDIN open even if not attached" }),
    privileged: toggle({ help: "Give the command all capabilities" }),
    tty: toggle({ short: "t", help: "Allocate a pseudo-TTY" }),
    user: text({ short: "u", help: "Name or number of the user, and the group: user[:group]" }),
    workdir: text({ short: "w", help: "Working directory inside the container" }),
    ...GROUP_LIMIT_OPTIONS,
  },
  examples: [
    "ctr exec -it web sh",
    "ctr exec -u nobody -w /tmp web id",
    "ctr exec -m 64m --cpus 0.2 web backup   # less than the container itself may have",
  ],
  async run({ values, operands: [name = "", ...argv] }, { client }) {
    const { detach, interactive, tty } = values;
    if (tty && interactive && !detach && !inputIsTerminal()) throw new CliError("the input device is not a TTY");
    const size = tty ? terminalSize() : undefined;
    const { Id } = await client.post<{ readonly Id: string }>(`/containers/${encodeURIComponent(name)}/exec`, {
      body: {
        Cmd: argv,
        Tty: tty,
        AttachStdin: interactive && !detach,
        AttachStdout: !detach,
        AttachStderr: !detach,
        Privileged: values.privileged,
        User: values.user ?? "",
        WorkingDir: values.workdir ?? "",
        Env: environmentOf(values["env-file"], values.env),
        DetachKeys: values["detach-keys"] ?? "",
        ...limits(values),
      },
    });
    const start = `/exec/${Id}/start`;
    if (detach) {
      await client.post(start, { body: { Detach: true, Tty: tty } });
      return 0;
    }
    const consoleSize = size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] };
    const socket = await client.hijack(start, { body: { Detach: false, Tty: tty, ...consoleSize } });
    const stopSize = tty ? followSize(client, `/exec/${Id}/resize`) : () => {};
    try {
      const end = await joinStreams(socket, { tty, input: interactive, detachKeys: values["detach-keys"] });
      if (end === "detached") return 0;
    } finally {
      stopSize();
    }
    const { ExitCode } = await client.get<{ readonly ExitCode: number | null }>(`/exec/${Id}/json`);
    return ExitCode ?? 0;
  },
});

/** Limits of its own, inside of the container's. */
function limits(values: GroupLimitValues): { readonly Resources?: object } {
  const resources = resourcesOf(values);
  return Object.keys(resources).length === 0 ? {} : { Resources: resources };
}
