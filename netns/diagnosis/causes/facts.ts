/** Facts of an obstacle, with the types that they have. See model/deaths for their keys. */
import type { Obstacle } from "../obstacles.ts";

/** Empty when the model did not tell. */
export function text({ facts }: Obstacle, key: string): string {
  const value = facts[key];
  return value === undefined ? "" : String(value);
}

export function number({ facts }: Obstacle, key: string): number | undefined {
  const value = facts[key];
  return typeof value === "number" ? value : undefined;
}

export const isTrue = ({ facts }: Obstacle, key: string): boolean => facts[key] === true;

/** Namespace in which it happens: a fact, else the step's own. */
export const placeOf = (obstacle: Obstacle): string => text(obstacle, "place") || obstacle.place;

/** Link at which it happens. */
export const deviceOf = (obstacle: Obstacle): string => text(obstacle, "device") || (obstacle.device ?? "");
