/** One question, answered in full: which operation it is, and what it works with. */
import { invalid, unsupported } from "../../lib/errors.ts";
import type { FlowReport } from "../../netns/index.ts";
import { answerBench } from "./bench.ts";
import { answerBundle } from "./bundle.ts";
import { answerDoctor } from "./doctor.ts";
import { answerDrops } from "./drops.ts";
import { applyFixes, plannedFixes } from "./fix.ts";
import { answerFlow } from "./flow.ts";
import { answerMatrix } from "./matrix.ts";
import type { DiagnosisEvent, DiagnosisInput, DiagnosisReport, DiagnosisRequest } from "./request.ts";
import { bundleTools, hostTools } from "./session.ts";
import type { DiagnosisTools } from "./tools.ts";

export interface Listener {
  emit(event: DiagnosisEvent): void;
  readonly signal: AbortSignal;
}

/** Questions that need the machine itself. */
const LIVE_ONLY: readonly DiagnosisRequest["kind"][] = ["drops", "bundle", "bench"];

/** @throws `invalid` and `notFound` for a wrong question, `unsupported` where the host lacks something */
export async function answer(input: DiagnosisInput, listener: Listener): Promise<void> {
  const tools = toolsFor(input, listener);
  const report = await reportFor(tools, input);
  if (report !== undefined) listener.emit({ type: "report", report });
}

function toolsFor({ bundle, dataRoot, execRoot, request }: DiagnosisInput, listener: Listener): DiagnosisTools {
  if (bundle === undefined) {
    checkRoot();
    return hostTools({ dataRoot, execRoot }, listener);
  }
  if (LIVE_ONLY.includes(request.kind) || ("fix" in request && request.fix === true)) {
    throw invalid("a bundle can be looked at, not changed or measured", "CTR_DIAGNOSIS_BUNDLE_ONLY");
  }
  return bundleTools(bundle, listener);
}

function checkRoot(): void {
  if (process.getuid?.() === 0) return;
  throw unsupported("the diagnosis needs root: it enters the networks of containers and reads the kernel's tables", {
    code: "CTR_NOT_ROOT",
    hint: "run it with sudo; a bundle is looked at without: --from FILE",
  });
}

async function reportFor(tools: DiagnosisTools, { request }: DiagnosisInput): Promise<DiagnosisReport | undefined> {
  switch (request.kind) {
    case "flow": {
      const report = await answerFlow(tools, request);
      if (request.fix && report.result !== "REACHABLE") await mend(tools, fixable(report), request.skip);
      return report;
    }
    case "doctor": {
      const report = await answerDoctor(tools, request);
      if (request.fix) await mend(tools, report.findings, request.skip);
      return report;
    }
    case "matrix":
      return await answerMatrix(tools, request);
    case "drops":
      await answerDrops(tools, request);
      return undefined;
    case "bundle":
      return await answerBundle(tools, request);
    case "bench":
      return await answerBench(tools, request);
  }
}

const fixable = ({ findings, other }: FlowReport) => [...findings, ...(other?.findings ?? [])];

const mend = (tools: DiagnosisTools, findings: FlowReport["findings"], skip: readonly string[] = []): Promise<void> =>
  applyFixes(tools, plannedFixes(findings, skip));
