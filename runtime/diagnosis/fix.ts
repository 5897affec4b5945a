/** Doing what findings propose, where the object is ctr's own. What belongs to others is never touched. */
import { messageOf } from "../../lib/errors.ts";
import type { Finding, FixAction } from "../../netns/index.ts";
import type { PlannedFix } from "./request.ts";
import type { DiagnosisTools } from "./tools.ts";

/** The same action has the same key, whichever finding asks for it. */
export const fixKey = (action: FixAction): string => JSON.stringify(action);

/** What would be done about findings, each action once. */
export function plannedFixes(findings: readonly Finding[], skip: readonly string[]): PlannedFix[] {
  const planned = new Map<string, PlannedFix>();
  for (const { code, object, severity, fix } of findings) {
    if (fix === undefined || !fix.owned || fix.action === undefined || severity === "note") continue;
    const key = fixKey(fix.action);
    if (!planned.has(key) && !skip.includes(key)) planned.set(key, { code, object, action: fix.action });
  }
  return [...planned.values()];
}

/** Does them one after the other: one that fails does not keep the others from being done. */
export async function applyFixes({ live, emit }: DiagnosisTools, fixes: readonly PlannedFix[]): Promise<void> {
  for (const fix of fixes) {
    emit({ type: "fixing", fix });
    if (fix.action.kind === "repair" || live === undefined) continue;
    try {
      await live.apply(fix.action);
      emit({ type: "fixed", fix });
    } catch (error) {
      emit({ type: "fixed", fix, error: messageOf(error) });
    }
  }
}
