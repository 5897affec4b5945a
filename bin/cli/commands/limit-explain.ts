import { messageOf } from "../../../lib/errors.ts";
import type { Explanation } from "../../../runtime/index.ts";
import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";
import { explanationText } from "../format/explanation.ts";

export const command = defineCommand({
  summary: "Say why containers were killed, fail or are slow, and what helps",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  options: {
    json: toggle({ help: "Everything that is known, as JSON, a line a container" }),
    verbose: toggle({ help: "Also show the figures that were looked at" }),
  },
  examples: [
    "ctr limit explain web         # also when it has ended",
    "ctr limit explain web db",
    "ctr limit explain --json web | jq '.verdicts[].code'",
  ],
  async run({ values, operands }, { client }) {
    const results = await Promise.allSettled(
      operands.map((name) => client.get<Explanation>(`/ctr/containers/${encodeURIComponent(name)}/explain`)),
    );
    const explanations = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const text = (explanation: Explanation): string =>
      values.json
        ? `${JSON.stringify(explanation)}\n`
        : explanationText(explanation, { verbose: values.verbose, now: Date.now() });
    process.stdout.write(explanations.map(text).join(values.json ? "" : "\n"));
    const errors = results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
