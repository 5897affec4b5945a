/** Flows that the user's own settings forbid: at which obstacle that shows. */

import { type Obstacle, obstaclesOf } from "../../obstacles.ts";
import { type Ban, banOf } from "../../policy.ts";
import { type FlowContext, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { filtersOf } from "../filters.ts";
import { strandedOnHost } from "../translation/published.ts";

type BanOf<Kind extends Ban["kind"]> = Extract<Ban, { readonly kind: Kind }>;

/** At most one: the first step that the ban explains. Empty where the flow fails of something else alone. */
export function bannedHere<Kind extends Ban["kind"]>(
  context: FlowContext,
  kind: Kind,
): { readonly ban: BanOf<Kind>; readonly obstacle: Obstacle }[] {
  for (const obstacle of obstaclesOf(context)) {
    if (!canShow(context, obstacle, kind)) continue;
    const ban = banOf(context.view, context.flow, obstacle.packet?.destination ?? context.flow.destination);
    if (ban?.kind === kind) return [{ ban: ban as BanOf<Kind>, obstacle }];
  }
  return [];
}

/** Our rules, and what a network has not: a way out, a port that is open, a bridge that passes frames on. */
function canShow(context: FlowContext, obstacle: Obstacle, kind: Ban["kind"]): boolean {
  if (obstacle.direction === "back") return false;
  if (filtersOf(context, "by-design").includes(obstacle)) return true;
  if (kind === "icc") return obstacle.kind === "port-isolated";
  const hasNoWay =
    ["no-route", "no-source-address", "network-down"].includes(obstacle.kind) && placeOf(obstacle) !== HOST;
  if (kind === "internal" || kind === "apart") return hasNoWay;
  return strandedOnHost(context).includes(obstacle);
}
