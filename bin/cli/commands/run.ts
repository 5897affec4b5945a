import { text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { defineCommand } from "../command.ts";
import { runAttached } from "../container/attached.ts";
import { createContainer } from "../container/create.ts";
import { runFailure } from "../container/failure.ts";
import { CONTAINER_OPTIONS } from "../container/options.ts";
import { attachedStreams, type ContainerValues, createRequest } from "../container/request.ts";
import { CliError, ExitCode } from "../errors.ts";
import { inputIsTerminal } from "../terminal/terminal.ts";

const OPTIONS = {
  ...CONTAINER_OPTIONS,
  detach: toggle({ short: "d", help: "Run the container in the background and print its ID" }),
  "detach-keys": text({ help: "Keys that leave the container and let it go on (default ctrl-p,ctrl-q)" }),
  "sig-proxy": toggle({ help: "Pass signals on to the container", initial: true }),
};

interface RunValues extends ContainerValues {
  readonly detach: boolean;
  readonly "detach-keys": string | undefined;
  readonly "sig-proxy": boolean;
}

export const command = defineCommand({
  summary: "Create and run a new container from an image",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  alsoKnownAs: ["container run", "run"],
  options: OPTIONS,
  examples: [
    "ctr run --rm -it busybox   # a shell, gone when you leave it",
    "ctr run -d --name web -p 8080:80 -m 64m --cpus 0.5 busybox httpd -f",
    "ctr run --rm -v ./src:/src:ro -w /src busybox ls -l",
  ],
  async run({ values, operands: [image = "", ...command] }, { client }) {
    try {
      return await runContainer(client, values, image, command);
    } catch (error) {
      throw runFailure(error, "run");
    }
  },
});

async function runContainer(client: Client, values: RunValues, image: string, command: readonly string[]) {
  checkCombination(values);
  const parts = { values, image, command, detached: values.detach };
  const request = createRequest(parts);
  const streams = attachedStreams(parts);
  if (values.tty && streams.has("stdin") && !inputIsTerminal()) throw new CliError("the input device is not a TTY");
  const id = await createContainer(client, request, values);
  if (values.detach) {
    await client.post(`/containers/${id}/start`);
    process.stdout.write(`${id}\n`);
    return 0;
  }
  return await runAttached(client, {
    id,
    streams,
    tty: values.tty,
    detachKeys: values["detach-keys"],
    passSignals: values["sig-proxy"],
    removed: values.rm,
  });
}

function checkCombination({ detach, attach, rm, restart }: RunValues): void {
  const conflict = (text: string) => new CliError(`conflicting options: ${text}`, ExitCode.notRun);
  if (detach && attach.length > 0) throw conflict("cannot specify both --attach and --detach");
  if (rm && restart !== undefined && restart.Name !== "no" && restart.Name !== "") {
    throw conflict("cannot specify both --restart and --rm");
  }
}
