/** What causes of this folder say of a container's cable: the two ends, and the bridge that one of them is a port of. */
import { type Cable, cableOfLink, cablesOf } from "../../intended.ts";
import type { Obstacle } from "../../obstacles.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { type Cause, type Finding, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf, placeOf } from "../facts.ts";
import { type Case, found } from "../found.ts";

export const REPAIR_TEXT = "ctr brings the cable back to what it has to be.";

/** A finding for each cable with a fault. */
export function inspectCables(
  cause: Cause,
  { view }: StateContext,
  isFaulty: (cable: Cable) => boolean,
  caseOf: (cable: Cable) => Case,
): Finding[] {
  return cablesOf(view)
    .filter(isFaulty)
    .map((cable) => found(cause, undefined, caseOf(cable)));
}

/** The cable that an obstacle is at, by either of its ends. */
export const cableAt = (view: SnapshotView, obstacle: Obstacle): Cable | undefined =>
  cableOfLink(view, placeOf(obstacle), deviceOf(obstacle)) ?? cableOfLink(view, HOST, deviceOf(obstacle));

/** `link veth1a2b3c4 of container web`. */
export const cableName = ({ hostInterface, container }: Pick<Cable, "hostInterface" | "container">): string =>
  `link ${hostInterface} of container ${container.name}`;

export const insideName = ({ interfaceName, container }: Pick<Cable, "interfaceName" | "container">): string =>
  `link ${interfaceName} in container ${container.name}`;

export const cablesInPlace = (view: SnapshotView, place: string): readonly Cable[] =>
  cablesOf(view).filter(({ namespace }) => namespace.key === place);
