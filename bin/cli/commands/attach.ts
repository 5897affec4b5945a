import { text, toggle } from "../../flags/options.ts";
import type { ContainerDetails } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { endOf, waitForEnd } from "../container/attached.ts";
import { followSize } from "../container/resize.ts";
import { passSignals } from "../container/signals.ts";
import { joinStreams } from "../container/streams.ts";
import { CliError } from "../errors.ts";
import { inputIsTerminal } from "../terminal/terminal.ts";

export const command = defineCommand({
  summary: "Attach your STDIN, STDOUT and STDERR to a running container",
  usage: "[OPTIONS] CONTAINER",
  operands: [1, 1],
  alsoKnownAs: ["container attach", "attach"],
  options: {
    "detach-keys": text({ help: "Keys that leave the container and let it go on (default ctrl-p,ctrl-q)" }),
    "no-stdin": toggle({ help: "Do not attach STDIN" }),
    "sig-proxy": toggle({ help: "Pass signals on to the container", initial: true }),
  },
  examples: ["ctr attach shell   # ctrl-p ctrl-q leaves it running"],
  async run({ values, operands: [name = ""] }, { client }) {
    const container = await client.get<ContainerDetails>(`/containers/${encodeURIComponent(name)}/json`);
    const { Id, Config, State } = container;
    if (!State.Running) throw new CliError("You cannot attach to a stopped container, start it first");
    if (State.Paused) throw new CliError("You cannot attach to a paused container, unpause it first");
    const input = !values["no-stdin"] && Config.OpenStdin;
    if (Config.Tty && input && !inputIsTerminal()) throw new CliError("the input device is not a TTY");
    const detachKeys = values["detach-keys"];
    const query = { stream: 1, stdin: input ? 1 : undefined, stdout: 1, stderr: 1, detachKeys };
    const exit = await waitForEnd(client, Id, "not-running");
    const socket = await client.hijack(`/containers/${Id}/attach`, { query });
    const stopSignals = values["sig-proxy"] ? passSignals(client, Id) : () => {};
    const stopSize = Config.Tty ? followSize(client, `/containers/${Id}/resize`) : () => {};
    try {
      return await endOf(joinStreams(socket, { tty: Config.Tty, input, detachKeys }), exit.code);
    } finally {
      stopSignals();
      stopSize();
      exit.abort();
    }
  },
});
