/** `bundle`: everything that was read, as one document that can be looked at elsewhere. */
import { redact, type Snapshot } from "../../netns/index.ts";
import type { BundleRequest } from "./request.ts";
import type { DiagnosisTools } from "./tools.ts";

export async function answerBundle(tools: DiagnosisTools, { plain = false }: BundleRequest): Promise<Snapshot> {
  tools.emit({ type: "progress", text: "reading the state of the network" });
  const snapshot = await tools.takeSnapshot();
  return plain ? snapshot : redact(snapshot);
}
