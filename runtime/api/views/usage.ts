/** `GET /ctr/stats`: what containers use, a line an interval. */
import type { Tick } from "../../metrics/index.ts";
import type { Container } from "../../types.ts";

/** Ids of containers; undefined for all. */
export interface UsageChoice {
  readonly ids: ReadonlySet<string> | undefined;
  /** Also those that do not run. */
  readonly all: boolean;
}

export function usageView(tick: Tick, { ids, all }: UsageChoice, memoryTotal: number) {
  const chosen = tick.containers.filter(({ id }) => ids === undefined || ids.has(id));
  return {
    Time: tick.time,
    Host: { CpuTime: tick.host.time, Cpus: tick.host.cpus, Memory: memoryTotal },
    Containers: chosen.flatMap((container) => {
      const view = containerView(tick, container);
      // Who asks for a container by its name hears of it whether it runs or not.
      return view.Stats !== undefined || all || ids !== undefined ? [view] : [];
    }),
  };
}

function containerView(tick: Tick, container: Container) {
  const { id, name, imageName, status } = container;
  const sample = tick.sample(container);
  return {
    Id: id,
    Name: name,
    Image: imageName,
    Status: status,
    ...(sample === undefined
      ? {}
      : {
          Stats: sample.stats,
          Signals: sample.signals,
          Pressure: sample.pressure,
          Networks: sample.networks,
          Limits: sample.limits,
        }),
  };
}
