/** One moment for all containers: whatever is read in it is read once, however many clients ask for it. */
import {
  type Cgroups,
  type GroupPressure,
  type GroupSignals,
  type GroupStats,
  type KernelStats,
  type Limits,
  limitsOfDocker,
} from "../../cgroups/index.ts";
import { CtrError } from "../../lib/errors.ts";
import type { Container } from "../types.ts";
import { type HostCpu, readHostCpu } from "./host-cpu.ts";
import { countersOf, type InterfaceCounters } from "./network-counters.ts";

/** What samples are taken of. The engine satisfies it by its shape. */
export interface SampledEngine {
  readonly containers: {
    /** Newest first. */
    list(): readonly Container[];
    cgroupsOf(reference: string): Pick<Cgroups, "stats" | "signals" | "pressure" | "kernelStats">;
  };
}

/** What a container uses. Each part is read when it is first asked for: not everybody shows everything. */
export interface ContainerSample {
  readonly stats: GroupStats;
  readonly signals: GroupSignals;
  readonly pressure: GroupPressure;
  /** By interface; none for a container in the network of the host, which is no container's. */
  readonly networks: Readonly<Record<string, InterfaceCounters>>;
  /** What it asked for. */
  readonly limits: Limits;
}

class Sample implements ContainerSample {
  readonly stats: GroupStats;
  readonly #container: Container;
  readonly #cgroups: ReturnType<SampledEngine["containers"]["cgroupsOf"]>;
  #signals: GroupSignals | undefined;
  #pressure: GroupPressure | undefined;
  #networks: ContainerSample["networks"] | undefined;

  /** @throws `notFound` when its group is gone */
  constructor({ containers }: SampledEngine, container: Container) {
    this.#container = container;
    this.#cgroups = containers.cgroupsOf(container.id);
    this.stats = this.#cgroups.stats(container.id);
  }

  get signals(): GroupSignals {
    this.#signals ??= this.#cgroups.signals(this.#container.id);
    return this.#signals;
  }

  get pressure(): GroupPressure {
    this.#pressure ??= orNothing(() => this.#cgroups.pressure(this.#container.id)) ?? {};
    return this.#pressure;
  }

  get networks(): ContainerSample["networks"] {
    const { hostConfig, pid } = this.#container;
    this.#networks ??= hostConfig.NetworkMode === "host" ? {} : countersOf(pid);
    return this.#networks;
  }

  get limits(): Limits {
    return limitsOfDocker(this.#container.hostConfig);
  }
}

export class Tick {
  /** Milliseconds since 1970. */
  readonly time = Date.now();
  readonly host: HostCpu = readHostCpu();
  readonly #engine: SampledEngine;
  readonly #samples = new Map<string, ContainerSample | undefined>();
  readonly #kernelStats = new Map<string, KernelStats | undefined>();
  #containers: readonly Container[] | undefined;

  constructor(engine: SampledEngine) {
    this.#engine = engine;
  }

  /** All containers, newest first. */
  get containers(): readonly Container[] {
    this.#containers ??= this.#engine.containers.list();
    return this.#containers;
  }

  /** Undefined for a container that does not run. */
  sample(container: Container): ContainerSample | undefined {
    return once(this.#samples, container, () => new Sample(this.#engine, container));
  }

  /** The kernel's own counters, which Docker's API passes through. Undefined for a container that does not run. */
  kernelStats(container: Container): KernelStats | undefined {
    return once(this.#kernelStats, container, () =>
      this.#engine.containers.cgroupsOf(container.id).kernelStats(container.id),
    );
  }
}

/** A container may end, or be removed, between the list and the look at it. */
function once<T>(known: Map<string, T | undefined>, { id, status }: Container, read: () => T): T | undefined {
  if (status !== "running" && status !== "paused") return undefined;
  if (!known.has(id)) known.set(id, orNothing(read));
  return known.get(id);
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CtrError && error.kind === "notFound") return undefined;
    throw error;
  }
}
