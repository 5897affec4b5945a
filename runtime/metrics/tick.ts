/** One moment for all containers: whatever is read in it is read once, however many clients ask for it. */
import {
  type Cgroups,
  type GroupPressure,
  type GroupSignals,
  type GroupStats,
  type KernelStats,
  type Limits,
  limitsOfDocker,
  NO_STATS,
  type SomeStats,
  STATS_PARTS,
  type StatsPart,
  type WaitedTime,
} from "../../cgroups/index.ts";
import { CtrError } from "../../lib/errors.ts";
import type { Container } from "../types.ts";
import { type Cable, type CableCounters, HostLinks } from "./cables.ts";
import { type HostCpu, readHostCpu } from "./host-cpu.ts";
import { countersOf, type InterfaceCounters } from "./network-counters.ts";

/** What samples are taken of. The engine satisfies it by its shape. */
export interface SampledEngine {
  readonly containers: {
    /** Newest first. */
    list(): readonly Container[];
    cgroupsOf(reference: string): Pick<Cgroups, "someStats" | "signals" | "pressure" | "waited" | "kernelStats">;
  };
  /** What the container is plugged in with; none when it has no network of its own. */
  cablesOf(container: Container): readonly Cable[];
}

/** What a container uses. Each part is read when it is first asked for: not everybody shows everything. */
export interface ContainerSample {
  readonly stats: GroupStats;
  /** At least these parts of {@link stats}. */
  someStats(parts: ReadonlySet<StatsPart>): SomeStats;
  readonly signals: GroupSignals;
  readonly pressure: GroupPressure;
  /** Of the same the total time that some task waited, which is cheaper. */
  readonly waited: WaitedTime;
  /** By interface; none for a container in the network of the host, which is no container's. */
  readonly networks: Readonly<Record<string, InterfaceCounters>>;
  /** Of the same the bytes alone, which are cheaper. */
  readonly traffic: Readonly<Record<string, CableCounters>>;
  /** What it asked for. */
  readonly limits: Limits;
}

const ALL_STATS: ReadonlySet<StatsPart> = new Set(STATS_PARTS);

/** A change makes a new one. */
const limitsByConfig = new WeakMap<Container["hostConfig"], Limits>();

class Sample implements ContainerSample {
  readonly #tick: Tick;
  readonly #engine: SampledEngine;
  readonly #container: Container;
  readonly #cgroups: ReturnType<SampledEngine["containers"]["cgroupsOf"]>;
  #signals: GroupSignals | undefined;
  #pressure: GroupPressure | undefined;
  #waited: WaitedTime | undefined;
  #networks: ContainerSample["networks"] | undefined;
  #traffic: ContainerSample["traffic"] | undefined;
  #stats: SomeStats;
  #parts: ReadonlySet<StatsPart>;

  /** @throws `notFound` when its group is gone */
  constructor(tick: Tick, engine: SampledEngine, container: Container, parts: ReadonlySet<StatsPart>) {
    this.#tick = tick;
    this.#engine = engine;
    this.#container = container;
    this.#cgroups = engine.containers.cgroupsOf(container.id);
    this.#stats = this.#cgroups.someStats(container.id, parts);
    this.#parts = parts;
  }

  get stats(): GroupStats {
    return { ...NO_STATS, ...this.someStats(ALL_STATS) };
  }

  someStats(parts: ReadonlySet<StatsPart>): SomeStats {
    if (!parts.isSubsetOf(this.#parts)) {
      this.#parts = this.#parts.union(parts);
      // When the group has gone since, what was read before is the last that is known.
      this.#stats = orNothing(() => this.#cgroups.someStats(this.#container.id, this.#parts)) ?? this.#stats;
    }
    return this.#stats;
  }

  get signals(): GroupSignals {
    this.#signals ??= this.#cgroups.signals(this.#container.id);
    return this.#signals;
  }

  get pressure(): GroupPressure {
    this.#pressure ??= orNothing(() => this.#cgroups.pressure(this.#container.id)) ?? {};
    return this.#pressure;
  }

  get waited(): WaitedTime {
    this.#waited ??= this.#cgroups.waited(this.#container.id);
    return this.#waited;
  }

  get networks(): ContainerSample["networks"] {
    const { hostConfig, pid } = this.#container;
    this.#networks ??= hostConfig.NetworkMode === "host" ? {} : countersOf(pid);
    return this.#networks;
  }

  get traffic(): ContainerSample["traffic"] {
    this.#traffic ??= this.#tick.hostLinks.countersOf(this.#engine.cablesOf(this.#container)) ?? this.networks;
    return this.#traffic;
  }

  get limits(): Limits {
    const { hostConfig } = this.#container;
    const known = limitsByConfig.get(hostConfig);
    if (known !== undefined) return known;
    const limits = limitsOfDocker(hostConfig);
    limitsByConfig.set(hostConfig, limits);
    return limits;
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
  #hostLinks: HostLinks | undefined;

  constructor(engine: SampledEngine) {
    this.#engine = engine;
  }

  /** All containers, newest first. */
  get containers(): readonly Container[] {
    this.#containers ??= this.#engine.containers.list();
    return this.#containers;
  }

  /** Undefined for a container that does not run. @param parts of its counters that will be asked for */
  sample(container: Container, parts: ReadonlySet<StatsPart> = ALL_STATS): ContainerSample | undefined {
    return once(this.#samples, container, () => new Sample(this, this.#engine, container, parts));
  }

  get hostLinks(): HostLinks {
    this.#hostLinks ??= new HostLinks();
    return this.#hostLinks;
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
