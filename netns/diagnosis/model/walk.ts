import type { SnapshotView } from "../snapshot-view.ts";
import type { Flow, Walk } from "../types/index.ts";
import { passFlow } from "./go.ts";
import { Journey } from "./journey.ts";
import { World } from "./world.ts";

/**
 * Says what becomes of a packet, by the state of a snapshot alone: each step of its way, of the answer's way back, and
 * whatever would end it there. Pure; what it cannot know it calls unknown.
 */
export function walk(view: SnapshotView, flow: Flow): Walk {
  const journey = new Journey();
  const passed = passFlow(World.of(view), flow, journey);
  passed.answer?.();
  const isThere = !journey.deaths.some(({ direction, death }) => direction === "there" && journey.isFinal(death));
  return {
    flow,
    there: journey.hops("there"),
    back: isThere ? journey.hops("back") : [],
    result: resultOf(journey, passed.arrivesAt !== undefined),
    arrivesAt: passed.arrivesAt,
    deaths: journey.deaths,
    unknowns: journey.unknowns,
  };
}

/** A packet that was lost without anything to say about it has gone where the model does not look. */
function resultOf(journey: Journey, arrives: boolean): Walk["result"] {
  if (journey.result !== "arrives" || arrives) return journey.result;
  return "unknown";
}
