/** An event of a limit as a client gets it: of the processes that the kernel chose from, the largest. */
import type { LimitEvent } from "../../limits/watch-events.ts";

const CANDIDATES = 5;

export function limitEventView(event: LimitEvent): LimitEvent {
  if (event.type !== "oom") return event;
  const victims = event.victims.map((victim) => ({ ...victim, candidates: victim.candidates.slice(0, CANDIDATES) }));
  return { ...event, victims };
}
