import type { BenchReport } from "../../../runtime/index.ts";
import { defineCommand } from "../command.ts";
import { DiagnosisExit } from "../diagnosis/exit-codes.ts";
import { JSON_OPTIONS, secondsOption } from "../diagnosis/options.ts";
import { printReport } from "../diagnosis/print.ts";
import { askFor } from "../diagnosis/session.ts";
import { benchText } from "../format/diagnosis/bench.ts";

export const command = defineCommand({
  summary: "Measure how fast two ends are together, beside the limits that hold them back",
  usage: "[OPTIONS] FROM TO",
  operands: [2, 2],
  alsoKnownAs: ["net bench", "network bench"],
  usageExitCode: DiagnosisExit.usage,
  options: { ...JSON_OPTIONS, for: secondsOption("How long each direction is measured (default 2s)") },
  examples: [
    "ctr net bench web db",
    "ctr net bench --for 10s host web",
    "ctr net bench --json web db | jq .throughput",
  ],
  async run({ values, operands: [from = "", to = ""] }, { client }) {
    const request = { kind: "bench" as const, from, to, ...(values.for === undefined ? {} : { seconds: values.for }) };
    const { report } = await askFor<BenchReport>(client, request, { ndjson: values.ndjson });
    printReport(report, values, benchText);
  },
});
