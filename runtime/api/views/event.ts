/** An event as `GET /events` sends it: with the old flat fields too, which clients of containers still read. */
import type { EngineEvent } from "../../events.ts";

export function eventView(event: EngineEvent) {
  const { Type, Action, Actor } = event;
  const flat = Type === "container" || Type === "image" ? { status: Action, id: Actor.ID } : {};
  const from = Type === "container" ? { from: Actor.Attributes["image"] ?? "" } : {};
  return { ...flat, ...from, ...event };
}
