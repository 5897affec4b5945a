/**
 * What went over containers' cables, seen at the host's ends: one file tells of all of them, where the way into each
 * network namespace costs 20 µs and more. Errors and drops are known inside only, see `network-counters.ts`.
 */
import { readFileSync } from "node:fs";

/** The cable of an interface. */
export interface Cable {
  /** Name inside the container. */
  readonly interfaceName?: string;
  /** Of the host's end; none where the network is no bridge. */
  readonly hostInterface?: string;
}

/** Bytes, as the container sees them. Docker's names. */
export interface CableCounters {
  readonly rx_bytes: number;
  readonly tx_bytes: number;
}

/** proc_pid_net(5): eight columns received, eight sent; the first of each are bytes. */
const LINK = /^ *([^:\n]+): *(\d+)(?: +\d+){7} +(\d+)/gm;

export class HostLinks {
  readonly #counters = new Map<string, CableCounters>();

  constructor(text: string = readFileSync("/proc/self/net/dev", "latin1")) {
    for (const [, name = "", received, sent] of text.matchAll(LINK)) {
      // What the host receives the container has sent.
      this.#counters.set(name, { rx_bytes: Number(sent), tx_bytes: Number(received) });
    }
  }

  /** @returns by interface; undefined when the host's end does not tell of all of them */
  countersOf(cables: readonly Cable[]): Readonly<Record<string, CableCounters>> | undefined {
    if (cables.length === 0) return undefined;
    const counters: Record<string, CableCounters> = {};
    for (const { interfaceName, hostInterface } of cables) {
      const seen = hostInterface === undefined ? undefined : this.#counters.get(hostInterface);
      if (seen === undefined || interfaceName === undefined) return undefined;
      counters[interfaceName] = seen;
    }
    return counters;
  }
}

/** Cables by container, asked for again when something is connected or disconnected. */
export class Cables {
  readonly #ask: (containerId: string) => readonly Cable[];
  /** By container and process: a restart makes new cables. */
  readonly #known = new Map<string, readonly Cable[]>();

  constructor(ask: (containerId: string) => readonly Cable[]) {
    this.#ask = ask;
  }

  of({ id, pid }: { readonly id: string; readonly pid: number }): readonly Cable[] {
    const key = `${id} ${pid}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const cables = this.#ask(id);
    this.#known.set(key, cables);
    return cables;
  }

  changed(): void {
    this.#known.clear();
  }
}
