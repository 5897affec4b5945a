import type { UpdateRequest } from "../../../runtime/index.ts";
import { toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { defineCommand } from "../command.ts";
import { UPDATE_OPTIONS, updateRequest } from "../container/limit-update.ts";
import { forEachName, UNPRINTED } from "../each.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "Change the limits and the restart policy of one or more containers, while they run or not",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container update", "update"],
  options: { ...UPDATE_OPTIONS, quiet: toggle({ short: "q", help: "Do not print the names" }) },
  examples: [
    "ctr update -m 256m --cpus 1.5 web db",
    "ctr update -m -1 web                 # no limit of memory any more",
    "ctr update --restart always web",
    "ctr limit set -m 256m web            # the same, and shows old and new values",
  ],
  async run({ values, given, operands }, { client }) {
    if ([...given].every((name) => name === "quiet")) {
      throw new CliError("you must provide one or more flags when using this command");
    }
    const request = updateRequest(values);
    await forEachName(operands, async (name) => {
      await update(client, name, request);
      return values.quiet ? UNPRINTED : undefined;
    });
  },
});

async function update(client: Client, name: string, body: UpdateRequest): Promise<void> {
  const { Warnings } = await client.post<{ readonly Warnings: readonly string[] | null }>(
    `/containers/${encodeURIComponent(name)}/update`,
    { body },
  );
  for (const warning of Warnings ?? []) console.error(`WARNING: ${warning}`);
}
