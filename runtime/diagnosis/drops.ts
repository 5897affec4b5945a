/** `drops`: packets that the kernel throws away, as it happens; before that, what was counted so far. */
import { invalid } from "../../lib/errors.ts";
import { dropCounters, SnapshotView } from "../../netns/index.ts";
import type { DropsRequest } from "./request.ts";
import { resolvePlace } from "./resolve-ends.ts";
import type { DiagnosisTools } from "./tools.ts";

/** @throws `notFound` for an unknown container, `invalid` for one that does not run */
export async function answerDrops(tools: DiagnosisTools, { container, seconds }: DropsRequest): Promise<void> {
  const { live, emit, signal } = tools;
  if (live === undefined) throw invalid("a bundle has no packets", "CTR_DIAGNOSIS_BUNDLE_ONLY");
  const view = new SnapshotView(await tools.takeSnapshot());
  const place = container === undefined ? undefined : runningPlace(container, view);
  const counters = dropCounters(view).filter((one) => place === undefined || one.place === place);
  emit({ type: "counters", counters: counters.map((one) => ({ ...one, place: view.nameOf(one.place) })) });
  const until = seconds === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  for await (const drop of live.followDrops(view, { container: place, signal: until })) {
    if (drop.kind === "notice") emit({ type: "progress", text: drop.text });
    else
      emit({ type: "drop", drop: { ...drop, place: named(drop.place, view), container: named(drop.container, view) } });
  }
}

const named = (place: string | undefined, view: SnapshotView): string | undefined =>
  place === undefined ? undefined : view.nameOf(place);

function runningPlace(container: string, view: SnapshotView): string {
  const { place, finding } = resolvePlace(container, view);
  if (finding !== undefined) throw invalid(finding.title, "CTR_DIAGNOSIS_END_INVALID");
  return place;
}
