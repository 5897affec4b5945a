/** One moment for all containers: whatever is read in it is read once, however many clients ask for it. */
import { type Cgroups, type KernelStats, type Limits, limitsOfDocker, type Moment } from "../../cgroups/index.ts";
import { CtrError } from "../../lib/errors.ts";
import type { Container } from "../types.ts";
import { type HostCpu, readHostCpu } from "./host-cpu.ts";
import { countersOf, type InterfaceCounters } from "./network-counters.ts";

/** What samples are taken of. The engine satisfies it by its shape. */
export interface SampledEngine {
  readonly containers: {
    /** Newest first. */
    list(): readonly Container[];
    cgroupsOf(reference: string): Pick<Cgroups, "moment" | "kernelStats">;
  };
}

/** What a container uses. */
export interface ContainerSample extends Moment {
  /** By interface; none for a container in the network of the host, which is no container's. */
  readonly networks: Readonly<Record<string, InterfaceCounters>>;
  /** What it asked for. */
  readonly limits: Limits;
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
    return once(this.#samples, container, () => ({
      ...this.#engine.containers.cgroupsOf(container.id).moment(container.id),
      networks: container.hostConfig.NetworkMode === "host" ? {} : countersOf(container.pid),
      limits: limitsOfDocker(container.hostConfig),
    }));
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
