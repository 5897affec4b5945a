import type { DoctorReport } from "../../../netns/index.ts";
import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { DiagnosisExit } from "../diagnosis/exit-codes.ts";
import { askAndMend } from "../diagnosis/mend.ts";
import { BUNDLE_OPTION, FIX_OPTION, JSON_OPTIONS, OUTSIDE_OPTION } from "../diagnosis/options.ts";
import { printReport, teller } from "../diagnosis/print.ts";
import { askFor } from "../diagnosis/session.ts";
import { doctorText } from "../format/diagnosis/doctor.ts";

export const command = defineCommand({
  summary: "Look for everything that is wrong with the network, and say what to do",
  usage: "[OPTIONS] [NETWORK|CONTAINER]",
  operands: [0, 1],
  alsoKnownAs: ["net doctor", "network doctor"],
  usageExitCode: DiagnosisExit.usage,
  options: {
    fix: FIX_OPTION,
    from: BUNDLE_OPTION,
    ...JSON_OPTIONS,
    live: toggle({ help: "Also send packets along the ways that have to work" }),
    outside: OUTSIDE_OPTION,
    strict: toggle({ help: "Exit code 3 for warnings, too" }),
  },
  examples: [
    "ctr net doctor                    # the host, all networks, all containers",
    "ctr net doctor --live web         # one container, with packets",
    "ctr net doctor --fix",
    "ctr net doctor --from bundle.json.gz   # of another machine",
  ],
  /** @returns see {@link DiagnosisExit} */
  async run({ values, operands: [scope] }, { client }) {
    const { outside, from: bundle, ndjson, fix, live } = values;
    const request = {
      kind: "doctor" as const,
      ...(scope === undefined ? {} : { scope }),
      ...(live ? { live } : {}),
      ...(outside === undefined ? {} : { outside }),
    };
    const options = { bundle, ndjson };
    const report = fix
      ? await askAndMend<DoctorReport>(client, request, options, teller(values))
      : (await askFor<DoctorReport>(client, request, options)).report;
    printReport(report, values, (one, { paint }) => doctorText(one, paint));
    if (!report.healthy) return DiagnosisExit.found;
    const hasWarnings = report.findings.some(({ severity }) => severity === "warning");
    return values.strict && hasWarnings ? DiagnosisExit.warnings : DiagnosisExit.well;
  },
});
