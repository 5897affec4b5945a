/** Groups above are not watched: how their CPU time is used up of late is seen by looking twice. */
import type { Facts, GroupAbove } from "../../cgroups/index.ts";

export const hasQuotaAbove = ({ above }: Facts): boolean => above.some(({ cpu }) => cpu !== undefined);

/** The later facts, with what groups above were held back in between instead of since they were made. */
export function withRatesAbove(before: Facts, after: Facts): Facts {
  const former = new Map(before.above.map(({ path, cpu }) => [path, cpu]));
  return { ...after, above: after.above.map((group) => withRate(group, former.get(group.path))) };
}

function withRate(group: GroupAbove, before: GroupAbove["cpu"]): GroupAbove {
  const { cpu } = group;
  if (cpu === undefined || before === undefined) return group;
  const periods = cpu.periods - before.periods;
  const throttledShare = periods <= 0 ? 0 : (cpu.throttledPeriods - before.throttledPeriods) / periods;
  return { ...group, cpu: { ...cpu, throttledShare } };
}
