/** `drops`: packets that the kernel throws away, as it happens; before that, what was counted so far. */
import { invalid } from "../../lib/errors.ts";
import { type Drop, dropCounters, SnapshotView } from "../../netns/index.ts";
import type { DropsRequest } from "./request.ts";
import { resolvePlace } from "./resolve-ends.ts";
import type { DiagnosisTools } from "./tools.ts";

/** @throws `notFound` for an unknown container, `invalid` for one that does not run */
export async function answerDrops(
  tools: DiagnosisTools,
  { container, seconds, all = false }: DropsRequest,
): Promise<void> {
  const { live, emit, signal } = tools;
  if (live === undefined) throw invalid("a bundle has no packets", "CTR_DIAGNOSIS_BUNDLE_ONLY");
  const view = new SnapshotView(await tools.takeSnapshot());
  const place = container === undefined ? undefined : runningPlace(container, view);
  const counters = dropCounters(view).filter((one) => place === undefined || one.place === place);
  emit({ type: "counters", counters: counters.map((one) => ({ ...one, place: view.nameOf(one.place) })) });
  const until = seconds === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  for await (const drop of live.followDrops(view, { container: place, signal: until })) {
    if (drop.kind === "notice") emit({ type: "progress", text: drop.text });
    else if (all || !isElsewhere(drop))
      emit({ type: "drop", drop: { ...drop, place: named(drop.place, view), container: named(drop.container, view) } });
  }
}

/** On a device of a network that is neither the host's nor a container's: of another engine, of a program in one of its own. */
const isElsewhere = ({ device, place }: Drop): boolean => device !== undefined && place === undefined;

const named = (place: string | undefined, view: SnapshotView): string | undefined =>
  place === undefined ? undefined : view.nameOf(place);

function runningPlace(container: string, view: SnapshotView): string {
  const { place, finding } = resolvePlace(container, view);
  if (finding !== undefined) throw invalid(finding.title, "CTR_DIAGNOSIS_END_INVALID");
  return place;
}
