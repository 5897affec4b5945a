/** `GET /ctr/stats`: what containers use, a line an interval. */
import { type SomeStats, STATS_PARTS, type StatsPart } from "../../../cgroups/index.ts";
import type { ContainerSample, Tick } from "../../metrics/index.ts";
import type { Container } from "../../types.ts";

/** Ids of containers; undefined for all. */
export interface UsageChoice {
  readonly ids: ReadonlySet<string> | undefined;
  /** Also those that do not run. */
  readonly all: boolean;
  /** Which parts are told beside CPU time, memory, tasks and limits: each costs a few files a container. */
  readonly parts: ReadonlySet<UsagePart>;
}

export const USAGE_PARTS = ["signals", "pressure", "waited", "networks", ...STATS_PARTS] as const;
export type UsagePart = (typeof USAGE_PARTS)[number];

export function usageView(tick: Tick, { ids, all, parts }: UsageChoice, memoryTotal: number) {
  const counters = partsOfStats(parts);
  const chosen = tick.containers.filter(({ id }) => ids === undefined || ids.has(id));
  return {
    Time: tick.time,
    Host: { CpuTime: tick.host.time, Cpus: tick.host.cpus, Memory: memoryTotal },
    Containers: chosen.flatMap((container) => {
      const view = containerView(tick, container, parts, counters);
      // Who asks for a container by its name hears of it whether it runs or not.
      return view.Stats !== undefined || all || ids !== undefined ? [view] : [];
    }),
  };
}

interface ContainerView {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly Status: string;
  Stats?: SomeStats;
  Limits?: ContainerSample["limits"];
  Signals?: ContainerSample["signals"];
  Pressure?: ContainerSample["pressure"];
  Waited?: ContainerSample["waited"];
  Networks?: ContainerSample["traffic"];
}

/** Put together for each container of each sample, a hundred times a second. */
function containerView(
  tick: Tick,
  container: Container,
  parts: UsageChoice["parts"],
  counters: ReadonlySet<StatsPart>,
): ContainerView {
  const { id, name, imageName, status } = container;
  const sample = tick.sample(container, counters);
  const view: ContainerView = { Id: id, Name: name, Image: imageName, Status: status };
  if (sample === undefined) return view;
  view.Stats = sample.someStats(counters);
  view.Limits = sample.limits;
  if (parts.has("signals")) view.Signals = sample.signals;
  if (parts.has("pressure")) view.Pressure = sample.pressure;
  if (parts.has("waited")) view.Waited = sample.waited;
  if (parts.has("networks")) view.Networks = sample.traffic;
  return view;
}

const partsOfStats = (parts: UsageChoice["parts"]): ReadonlySet<StatsPart> =>
  new Set(STATS_PARTS.filter((part) => parts.has(part)));
