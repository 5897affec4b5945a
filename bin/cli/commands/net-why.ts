import type { FlowReport } from "../../../netns/index.ts";
import { integer, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { DiagnosisExit, exitCodeOf } from "../diagnosis/exit-codes.ts";
import { keepReport } from "../diagnosis/last-report.ts";
import { askAndMend } from "../diagnosis/mend.ts";
import { BUNDLE_OPTION, EXPECT_OPTION, FIX_OPTION, JSON_OPTIONS, OUTSIDE_OPTION } from "../diagnosis/options.ts";
import { printReport, teller } from "../diagnosis/print.ts";
import { askFor } from "../diagnosis/session.ts";
import { whyText } from "../format/diagnosis/flow.ts";

export const command = defineCommand({
  summary: "Say whether one end reaches another, and if not, why, and what to do",
  usage: "[OPTIONS] FROM TO[:PORT][/udp|/icmp]",
  operands: [2, 2],
  alsoKnownAs: ["net why", "network why"],
  usageExitCode: DiagnosisExit.usage,
  options: {
    expect: EXPECT_OPTION,
    fix: FIX_OPTION,
    from: BUNDLE_OPTION,
    ...JSON_OPTIONS,
    outside: OUTSIDE_OPTION,
    size: integer({ help: "Bytes of the packet, IP header included: large ones find an MTU that is too small" }),
    static: toggle({ help: "Send no packet: only what the state says" }),
  },
  examples: [
    "ctr net why web api:8080",
    "ctr net why host :8080              # a published port of this host",
    "ctr net why web outside             # a name server of the host stands for it",
    "ctr net why web example.com:443     # the name is looked up as web does it",
    "ctr net why web '[fd00::2]:53/udp'",
    "ctr net why --expect unreachable guest db:5432   # exit code 0 when it is so",
    "ctr net why --fix outside web:80",
  ],
  /** @returns see {@link DiagnosisExit} */
  async run({ values, operands: [from = "", to = ""] }, { client }) {
    const { outside, from: bundle, ndjson, fix, size } = values;
    const request = {
      ...({ kind: "flow", from, to } as const),
      ...(outside === undefined ? {} : { outside }),
      ...(size === undefined ? {} : { size }),
      ...(values.static ? { static: true } : {}),
    };
    const options = { bundle, ndjson };
    const report = fix
      ? await askAndMend<FlowReport>(client, request, options, teller(values))
      : (await askFor<FlowReport>(client, request, options)).report;
    keepReport(report);
    printReport(report, values, whyText);
    return exitCodeOf(report.result, values.expect === "unreachable");
  },
});
