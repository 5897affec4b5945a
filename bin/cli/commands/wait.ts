import { messageOf } from "../../../lib/errors.ts";
import type { WaitAnswer } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "Wait until containers stop, then print their exit codes",
  usage: "CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container wait", "wait"],
  options: {},
  examples: ["ctr wait job"],
  async run({ operands }, { client }) {
    const errors: string[] = [];
    for (const name of operands) {
      try {
        const { StatusCode } = await client.post<WaitAnswer>(`/containers/${encodeURIComponent(name)}/wait`);
        process.stdout.write(`${StatusCode}\n`);
      } catch (error) {
        errors.push(messageOf(error));
      }
    }
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
