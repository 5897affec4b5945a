import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { hasCode } from "../../../lib/errors.ts";
import type { EngineAddress } from "../client/address.ts";
import type { ContainerDetails } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "See the packets of a container with the host's tcpdump",
  usage: "CONTAINER [TCPDUMP ARGUMENT...]",
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  alsoKnownAs: ["net capture", "network capture"],
  options: {},
  examples: [
    "ctr net capture web                      # all interfaces, until Ctrl-C",
    "ctr net capture web -c 10 port 80        # what follows the container is for tcpdump",
    "ctr net capture web -i eth0 -w web.pcap  # a file for wireshark",
  ],
  /** @returns tcpdump's exit code */
  async run({ operands: [name = "", ...arguments_] }, { client }) {
    const { State, HostConfig } = await client.get<ContainerDetails>(`/containers/${encodeURIComponent(name)}/json`);
    checkReach(client.address);
    if (!State.Running) throw new CliError(`container ${name} is not running: it has no network to listen on`);
    if (HostConfig.NetworkMode === "host") {
      throw new CliError(`container ${name} uses the host's network\nListen there: tcpdump -i any`);
    }
    return await tcpdump(`/proc/${State.Pid}/ns/net`, arguments_);
  },
});

/** The namespace is entered from here: the engine must be on this machine, and the user root. */
function checkReach({ kind }: EngineAddress): void {
  if (kind !== "unix")
    throw new CliError("capture works on the engine's own host only: it enters the container's network");
  if (process.getuid?.() !== 0)
    throw new CliError("capture needs root: it enters the container's network\nTry: sudo ctr net capture");
}

/** All interfaces, no names for addresses, each packet as it comes, files owned by who called; the user's own win. */
const DEFAULTS = ["-i", "any", "-n", "-l", "-Z", "root"];

async function tcpdump(namespace: string, arguments_: readonly string[]): Promise<number> {
  const child = spawn("nsenter", [`--net=${namespace}`, "--", "tcpdump", ...DEFAULTS, ...arguments_], {
    stdio: "inherit",
  });
  // Ctrl-C reaches tcpdump by the terminal: it prints its sums and ends, and so do we.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    if (code === NOT_FOUND) throw new CliError("tcpdump is not installed\nInstall it: apt install tcpdump");
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw new CliError("nsenter is not installed\nInstall it: apt install util-linux");
    throw error;
  }
}

/** nsenter's exit code when it cannot find the program. */
const NOT_FOUND = 127;
