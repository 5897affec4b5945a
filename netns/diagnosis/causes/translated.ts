/** Translation by others: it may lead a packet to where nobody waits for it. */
import type { Obstacle } from "../obstacles.ts";
import type { FlowContext } from "../types/index.ts";

/** Tables that are not ours and gave a packet another address or port before it got there: `table inet x, chain y`. */
export function translatedBefore({ walk }: FlowContext, { direction, position }: Obstacle): string[] {
  const hops = (direction === "there" ? walk.there : walk.back).slice(0, position);
  const tables = hops.flatMap(({ verdict, hook }) =>
    verdict === "translate" && hook !== undefined && hook.table !== "ctr"
      ? `table ${hook.family} ${hook.table}, chain ${hook.chain}`
      : [],
  );
  return [...new Set(tables)];
}
