/** The work of the data plane: requests of the engine in, names answered and connections carried. */
import { messageOf, toCtrError } from "../../lib/errors.ts";
import { Resolver } from "../dns/resolver.ts";
import { Proxies } from "../proxy/index.ts";
import {
  type DataPlaneFigures,
  type DataPlaneRequest,
  type DataPlaneSettings,
  type Failure,
  PROTOCOL,
  type ProxyRefusal,
  type SyncResult,
} from "./protocol.ts";
import type { DataPlaneState, ProxySpecification } from "./types.ts";

export class Service {
  readonly #resolver = new Resolver();
  readonly #proxies = new Proxies();

  /** Nothing is answered or carried. */
  get isIdle(): boolean {
    return this.#resolver.figures.sandboxes === 0 && this.#proxies.size === 0;
  }

  /** @throws as the parts do */
  async perform(request: Exclude<DataPlaneRequest, { readonly do: "end" }>): Promise<unknown> {
    switch (request.do) {
      case "hello":
        return { protocol: PROTOCOL, pid: process.pid };
      case "sync":
        return this.#sync(request.state, request.settings);
      case "serve":
        return this.#resolver.serve(request.sandbox);
      case "unserve":
        return this.#resolver.unserve(request.containerId);
      case "put":
        return this.#resolver.zone.put(request.record);
      case "remove":
        return this.#resolver.zone.remove(request.networkId, request.containerId);
      case "explain":
        return this.#resolver.explain(request.containerId, request.name, request.type);
      case "proxy":
        return this.#startProxies(request.proxies);
      case "unproxy":
        return this.#proxies.remove(...request.ids);
      case "figures":
        return this.#figures();
    }
  }

  /** While no engine is there: namespaces that were taken away. */
  dropVanished(): void {
    this.#resolver.dropVanished();
  }

  async #sync({ records, sandboxes, proxies }: DataPlaneState, { ttl }: DataPlaneSettings): Promise<SyncResult> {
    const resolver = this.#resolver;
    resolver.ttl = ttl;
    resolver.zone.replace(records);
    const kept = new Set(sandboxes.map(({ containerId }) => containerId));
    for (const id of resolver.containerIds) if (!kept.has(id)) resolver.unserve(id);
    const failures: SyncResult["failures"][number][] = [];
    for (const sandbox of sandboxes) {
      try {
        resolver.serve(sandbox);
      } catch (error) {
        failures.push({ what: `the names of ${sandbox.containerId}`, message: messageOf(error) });
      }
    }
    for (const { id, error } of await this.#proxies.sync(proxies)) {
      failures.push({ what: `the proxy ${id}`, message: messageOf(error) });
    }
    return { failures };
  }

  async #startProxies(proxies: readonly ProxySpecification[]): Promise<ProxyRefusal[]> {
    const failed = await this.#proxies.putAll(proxies);
    return failed.map(({ id, error }) => ({ id, failure: failureOf(error) }));
  }

  #figures(): DataPlaneFigures {
    const { pid } = process;
    return { ...this.#resolver.figures, pid, proxies: this.#proxies.size, residentMemory: process.memoryUsage.rss() };
  }
}

export function failureOf(error: unknown): Failure {
  const { kind, code, message, hint } = toCtrError(error);
  return { kind, code, message, hint };
}
