import type { SnapshotView } from "../snapshot-view.ts";
import type { Flow, Walk } from "../types/index.ts";
import { passFlow } from "./go.ts";
import { Journey } from "./journey.ts";
import { World } from "./world.ts";

/** Routes over several paths are followed on so many. */
const MOST_PATHS = 4;

/**
 * Says what becomes of a packet, by the state of a snapshot alone: each step of its way, of the answer's way back, and
 * whatever would end it there. Pure; what it cannot know it calls unknown.
 */
export function walk(view: SnapshotView, flow: Flow): Walk {
  const world = World.of(view);
  const journey = new Journey();
  const paths = { taken: 0, most: 1 };
  const passed = pass(world, flow, journey, paths);
  for (let taken = 1; taken < Math.min(paths.most, MOST_PATHS); taken++) {
    const other = new Journey();
    pass(world, flow, other, { taken, most: paths.most });
    journey.join(other);
  }
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

function pass(world: World, flow: Flow, journey: Journey, paths: { taken: number; most: number }) {
  const passed = passFlow(world, flow, journey, paths);
  passed.answer?.();
  return passed;
}

/** A packet that was lost without anything to say about it has gone where the model does not look. */
function resultOf(journey: Journey, arrives: boolean): Walk["result"] {
  if (journey.result !== "arrives" || arrives) return journey.result;
  return "unknown";
}
