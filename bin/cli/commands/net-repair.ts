import type { Difference } from "../../../netns/index.ts";
import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  summary: "Compare the kernel with what there has to be, and mend it",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net repair", "network repair"],
  options: { "dry-run": toggle({ short: "n", help: "Only tell the differences" }) },
  examples: ["ctr net repair", "ctr net repair --dry-run || echo 'something is wrong'"],
  /** @returns 1 when differences are left: with --dry-run all that there are, else those that could not be mended */
  async run({ values }, { client }) {
    const differences = await client.post<Difference[]>("/ctr/net/repair", {
      query: { dryRun: values["dry-run"] ? 1 : undefined },
    });
    if (differences.length === 0) process.stdout.write("The kernel has what it has to have.\n");
    for (const difference of differences) process.stdout.write(`${lineOf(difference)}\n`);
    return differences.every(({ repaired }) => repaired) ? 0 : 1;
  },
});

/** `mended: missing bridge br-1a2b: it is not there`. */
function lineOf({ kind, object, text, repaired, error }: Difference): string {
  const line = `${repaired ? "mended: " : ""}${kind} ${object}: ${text}`;
  return error === undefined ? line : `${line}\n  could not be mended: ${error}`;
}
