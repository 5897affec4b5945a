/** Metrics in the text format of Prometheus. Nothing is kept between two scrapes: each reads the kernel's counters. */
import type { Container } from "../types.ts";
import { FAMILIES, type Family } from "./families.ts";
import type { Tick } from "./tick.ts";

type Client = typeof import("prom-client");

/** Of every metric of a container. */
const CONTAINER_LABELS = ["id", "name", "image"] as const;

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

export class Exposer {
  readonly #client: Client;
  readonly #version: string;

  private constructor(client: Client, version: string) {
    this.#client = client;
    this.#version = version;
  }

  /** Loads the library, which an engine without metrics does not pay for. */
  static async load(version: string): Promise<Exposer> {
    const { default: client } = await import("prom-client");
    return new Exposer(client, version);
  }

  async expose(tick: Tick): Promise<Exposition> {
    const registry = new this.#client.Registry();
    this.#addEngine(registry, tick.containers);
    for (const family of FAMILIES) this.#addFamily(registry, family, tick);
    return { contentType: registry.contentType, text: await registry.metrics() };
  }

  #addEngine(registry: InstanceType<Client["Registry"]>, containers: readonly Container[]): void {
    const { Gauge } = this.#client;
    const registers = [registry];
    const info = { name: "ctr_engine_info", help: "The engine that answers; always 1.", labelNames: ["version"] };
    new Gauge({ ...info, registers }).set({ version: this.#version }, 1);
    const states = new Gauge({
      ...{ name: "ctr_containers", help: "Containers by their state.", labelNames: ["state"] },
      registers,
    });
    for (const state of ["created", "running", "paused", "restarting", "exited", "dead"]) states.set({ state }, 0);
    for (const { status } of containers) states.inc({ state: status });
  }

  /** A family without any value is left away: this host does not count it. */
  #addFamily(registry: InstanceType<Client["Registry"]>, family: Family, tick: Tick): void {
    const { name, help, labels = [], type, read } = family;
    const options = { name, help, labelNames: [...CONTAINER_LABELS, ...labels], registers: [registry] };
    const metric = type === "counter" ? new this.#client.Counter(options) : new this.#client.Gauge(options);
    let isEmpty = true;
    for (const container of tick.containers) {
      const sample = tick.sample(container);
      if (sample === undefined) continue;
      for (const [value, further = {}] of read(sample)) {
        metric.inc({ id: container.id, name: container.name, image: container.imageName, ...further }, value);
        isEmpty = false;
      }
    }
    if (isEmpty) registry.removeSingleMetric(name);
  }
}
