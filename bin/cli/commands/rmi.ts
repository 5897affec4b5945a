import { messageOf } from "../../../lib/errors.ts";
import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";

interface Removed {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

export const command = defineCommand({
  summary: "Remove one or more images",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["image rm", "image remove", "rmi"],
  options: { force: toggle({ short: "f", help: "Remove it also when a stopped container uses it" }) },
  examples: ["ctr rmi busybox:old", "ctr rmi $(ctr images -q -f dangling=true)"],
  async run({ values, operands }, { client }) {
    const errors: string[] = [];
    for (const image of operands) {
      try {
        const query = { force: values.force ? 1 : undefined };
        const removed = await client.json<Removed[]>("DELETE", `/images/${encodeURIComponent(image)}`, { query });
        for (const { Untagged, Deleted } of removed) {
          process.stdout.write(Deleted === undefined ? `Untagged: ${Untagged}\n` : `Deleted: ${Deleted}\n`);
        }
      } catch (error) {
        errors.push(messageOf(error));
      }
    }
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
