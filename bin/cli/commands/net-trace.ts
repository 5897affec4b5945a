import type { FlowReport } from "../../../netns/index.ts";
import { integer, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { DiagnosisExit, exitCodeOf } from "../diagnosis/exit-codes.ts";
import { keepReport } from "../diagnosis/last-report.ts";
import { BUNDLE_OPTION, EXPECT_OPTION, JSON_OPTIONS, OUTSIDE_OPTION, secondsOption } from "../diagnosis/options.ts";
import { printReport } from "../diagnosis/print.ts";
import { askFor } from "../diagnosis/session.ts";
import { traceText } from "../format/diagnosis/flow.ts";

/** Seconds in which packets of programs are waited for. */
const USUAL_WATCH = 10;

export const command = defineCommand({
  summary: "Follow a packet from one end to the other: each step, what decides there, and what was seen",
  usage: "[OPTIONS] FROM TO[:PORT][/udp|/icmp]",
  operands: [2, 2],
  alsoKnownAs: ["net trace", "network trace"],
  usageExitCode: DiagnosisExit.usage,
  options: {
    expect: EXPECT_OPTION,
    from: BUNDLE_OPTION,
    ...JSON_OPTIONS,
    outside: OUTSIDE_OPTION,
    return: toggle({ help: "Also the way back of the answer" }),
    size: integer({ help: "Bytes of the packet, IP header included: large ones find an MTU that is too small" }),
    static: toggle({ help: "Send no packet: only what the state says" }),
    for: secondsOption(`How long --watch waits (default ${USUAL_WATCH}s)`),
    watch: toggle({ help: "Send nothing: watch the packets of programs on this way" }),
  },
  examples: [
    "ctr net trace web api:8080",
    "ctr net trace --return web outside:443",
    "ctr net trace --size 1500 web 192.0.2.10:53/udp",
    "ctr net trace --watch --for 30s web db:5432   # what its own connections meet",
    "ctr net trace --json web api:8080 | jq '.findings[].code'",
  ],
  /** @returns see {@link DiagnosisExit} */
  async run({ values, operands: [from = "", to = ""] }, { client }) {
    const { outside, from: bundle, ndjson, size } = values;
    const request = {
      ...({ kind: "flow", from, to } as const),
      ...(outside === undefined ? {} : { outside }),
      ...(size === undefined ? {} : { size }),
      ...(values.static ? { static: true } : {}),
      ...(values.watch ? { watch: values.for ?? USUAL_WATCH } : {}),
    };
    const { report } = await askFor<FlowReport>(client, request, { bundle, ndjson });
    keepReport(report);
    printReport(report, values, (one, layout) => traceText(one, { ...layout, withReturn: values.return }));
    return exitCodeOf(report.result, values.expect === "unreachable");
  },
});
