/** How soon a live change acts: a container that waits for its quota gets more of it. */

import { spin, untilBusy } from "../loads.ts";
import type { LoadSession } from "../session.ts";
import { lateInPeriod } from "../window.ts";
import { type Measurement, notMeasurable } from "./trial.ts";

const BEFORE = 0.1;
const AFTER = 0.8;

export const UPDATE_WORDS = `${BEFORE} to ${AFTER} CPUs`;

/** Milliseconds within which it must act. */
const SOON = 100;

/** Nanoseconds of CPU time that the old limit gives in two and a half periods: more in a shorter time is the new limit. */
const MORE = 2.5 * BEFORE * 1e8;

export async function tryUpdate(session: LoadSession): Promise<Measurement> {
  await using container = await session.start({ NanoCpus: BEFORE * 1e9 }, { purpose: "update" });
  await spin(container, 1, 5);
  await untilBusy(session, container);
  const before = await lateInPeriod(session, container);
  const begun = performance.now();
  await session.client.post(`/containers/${container.id}/update`, { body: { NanoCpus: AFTER * 1e9 } });
  const answered = performance.now();
  let last = before;
  while (last.stats.cpuUsage - before.stats.cpuUsage < MORE && last.time - answered < 10 * SOON) {
    await session.pause(1);
    last = await container.sample();
  }
  const milliseconds = last.time - answered;
  const measured = `answered in ${(answered - begun).toFixed(1)} ms, acted ${Math.max(0, milliseconds).toFixed(0)} ms later`;
  if (milliseconds <= SOON) return { measured, verdict: "pass" };
  if (last.stats.cpuThrottledTime > before.stats.cpuThrottledTime) return { measured, verdict: "fail" };
  return { ...notMeasurable("the machine's CPUs are busy: it did not get what it may have"), measured };
}
