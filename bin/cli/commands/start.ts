import { messageOf } from "../../../lib/errors.ts";
import { text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import type { ContainerDetails } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { runAttached } from "../container/attached.ts";
import type { StreamName } from "../container/values.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "Start one or more stopped containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container start", "start"],
  options: {
    attach: toggle({ short: "a", help: "Attach STDOUT and STDERR, and pass signals on" }),
    interactive: toggle({ short: "i", help: "Attach STDIN" }),
    "detach-keys": text({ help: "Keys that leave the container and let it go on (default ctrl-p,ctrl-q)" }),
  },
  examples: ["ctr start web", "ctr start -ai shell   # with your keyboard and screen"],
  async run({ values, operands }, { client }) {
    if (!values.attach && !values.interactive) return await startAll(client, operands);
    const [name = "", another] = operands;
    if (another !== undefined) throw new CliError("you cannot start and attach multiple containers at once");
    return await startAttached(client, name, values.interactive, values["detach-keys"]);
  },
});

/** Errors are told one by one; the last line names all that failed. */
async function startAll(client: Client, names: readonly string[]): Promise<number> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await client.post(`/containers/${encodeURIComponent(name)}/start`);
      process.stdout.write(`${name}\n`);
    } catch (error) {
      console.error(messageOf(error));
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new CliError(`Error: failed to start containers: ${failed.join(", ")}`);
  return 0;
}

async function startAttached(
  client: Client,
  name: string,
  interactive: boolean,
  detachKeys: string | undefined,
): Promise<number> {
  const { Id, Config, HostConfig } = await client.get<ContainerDetails>(`/containers/${encodeURIComponent(name)}/json`);
  const output: StreamName[] = ["stdout", "stderr"];
  return await runAttached(client, {
    id: Id,
    streams: new Set(interactive && Config.OpenStdin ? ["stdin", ...output] : output),
    tty: Config.Tty,
    detachKeys,
    passSignals: true,
    removed: HostConfig.AutoRemove === true,
  });
}
