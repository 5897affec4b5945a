import { KeyedLock } from "../../lib/keyed-lock.ts";
import type { ProxySpecification } from "../dataplane/types.ts";
import { Budget } from "./budget.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import type { PortProxy, ProxyCounters } from "./types.ts";
import { UdpProxy } from "./udp-proxy.ts";

export interface ProxiesOptions {
  /** How many files the connections of all proxies may have open together; 8 192 by default. */
  readonly files?: number;
}

/** A proxy that could not be started. */
export interface ProxyFailure {
  readonly id: string;
  readonly error: unknown;
}

interface Running {
  readonly specification: ProxySpecification;
  readonly proxy: PortProxy;
}

const FILES = 8_192;

/** All proxies of a process. Changes of one proxy are made in the order in which they were asked for. */
export class Proxies implements AsyncDisposable {
  readonly #budget: Budget;
  readonly #lock = new KeyedLock();
  readonly #running = new Map<string, Running>();

  constructor({ files = FILES }: ProxiesOptions = {}) {
    this.#budget = new Budget(files);
  }

  get size(): number {
    return this.#running.size;
  }

  /**
   * Starts a proxy. One with the same id is led to the new target; it is replaced when it listens elsewhere.
   * @throws `system` (`CTR_PORT_IN_USE`) with Docker's text when its port is taken
   */
  put(specification: ProxySpecification): Promise<void> {
    const { id } = specification;
    return this.#lock.run(id, async () => {
      const running = this.#running.get(id);
      if (running !== undefined && !listensAlike(running.specification, specification)) await this.#stop(id);
      const proxy = this.#running.get(id)?.proxy;
      if (proxy === undefined) {
        this.#running.set(id, { specification, proxy: await startProxy(specification, this.#budget) });
      } else if (!leadsAlike(running?.specification, specification)) {
        proxy.retarget(specification.target);
        this.#running.set(id, { specification, proxy });
      }
    });
  }

  /** Starts many. @returns what could not be started; the rest is */
  async putAll(specifications: readonly ProxySpecification[]): Promise<ProxyFailure[]> {
    const failures = await Promise.all(
      specifications.map((specification) =>
        this.put(specification).then(
          () => [],
          (error: unknown) => [{ id: specification.id, error }],
        ),
      ),
    );
    return failures.flat();
  }

  /** Stops proxies and closes their connections. Without complaint when there are none. */
  async remove(...ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#lock.run(id, () => this.#stop(id))));
  }

  /**
   * Makes these the proxies that there are. Those that are the same go on undisturbed.
   * @returns what could not be started; the rest is
   */
  async sync(specifications: readonly ProxySpecification[]): Promise<ProxyFailure[]> {
    const wanted = new Set(specifications.map(({ id }) => id));
    await this.remove(...[...this.#running.keys()].filter((id) => !wanted.has(id)));
    return this.putAll(specifications);
  }

  /** By id of the proxy. */
  counters(): Map<string, ProxyCounters> {
    return new Map([...this.#running].map(([id, { proxy }]) => [id, proxy.counters()]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove(...this.#running.keys());
  }

  async #stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    this.#running.delete(id);
    await running?.proxy.stop();
  }
}

/** @throws `system` (`CTR_PORT_IN_USE`) */
export function startProxy(specification: ProxySpecification, budget: Budget): Promise<PortProxy> {
  return specification.protocol === "tcp"
    ? TcpProxy.start(specification, budget)
    : UdpProxy.start(specification, budget);
}

const listensAlike = (a: ProxySpecification, b: ProxySpecification): boolean =>
  a.protocol === b.protocol && a.listen.address === b.listen.address && a.listen.port === b.listen.port;

const leadsAlike = (a: ProxySpecification | undefined, b: ProxySpecification): boolean =>
  a?.target.address === b.target.address && a.target.port === b.target.port;
