import type { MatrixReport } from "../../../runtime/index.ts";
import { single, text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { DiagnosisExit } from "../diagnosis/exit-codes.ts";
import { readExpectations } from "../diagnosis/expectations.ts";
import { BUNDLE_OPTION, JSON_OPTIONS, OUTSIDE_OPTION } from "../diagnosis/options.ts";
import { printReport } from "../diagnosis/print.ts";
import { askFor } from "../diagnosis/session.ts";
import { matrixText } from "../format/diagnosis/matrix.ts";

export const command = defineCommand({
  summary: "Try who reaches whom, and compare it with who should",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net matrix", "network matrix"],
  usageExitCode: DiagnosisExit.usage,
  options: {
    all: toggle({ short: "a", help: "Show every pair, also when there are many that are as expected" }),
    expect: text({ value: "file", help: "Try the pairs of this YAML or JSON file: from, to, expect" }),
    format: single({ value: "string", help: "How: table (default) or json", parse: parseFormat }),
    from: BUNDLE_OPTION,
    ...JSON_OPTIONS,
    outside: OUTSIDE_OPTION,
    static: toggle({ help: "Send no packet: only what the state says" }),
  },
  examples: [
    "ctr net matrix                        # containers, host, outside, published ports, names",
    "ctr net matrix --expect policy.yaml   # for CI: exit code 1 when a pair is otherwise",
    "ctr net matrix --format json | jq '.pairs[] | select(.verdict != \"as expected\")'",
  ],
  /** @returns see {@link DiagnosisExit} */
  async run({ values }, { client }) {
    const { outside, from: bundle, expect } = values;
    const request = {
      kind: "matrix" as const,
      ...(expect === undefined ? {} : { expect: readExpectations(expect) }),
      ...(outside === undefined ? {} : { outside }),
      ...(values.static ? { static: true } : {}),
    };
    const { report } = await askFor<MatrixReport>(client, request, { bundle, ndjson: values.ndjson });
    const flags = { ...values, json: values.json || values.format === "json" };
    printReport(report, flags, (one, { paint }) => matrixText(one, paint, values.all));
    if (!report.healthy) return DiagnosisExit.found;
    const isOpen = report.pairs.some(({ verdict }) => verdict === "undetermined");
    return isOpen ? DiagnosisExit.undetermined : DiagnosisExit.well;
  },
});

function parseFormat(word: string): "table" | "json" {
  if (word !== "table" && word !== "json") throw new Error("must be table or json");
  return word;
}
