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

export class HostLinks {
  readonly #text: string;

  constructor(text: string = readFileSync("/proc/self/net/dev", "latin1")) {
    this.#text = text;
  }

  /** @returns by interface; undefined when the host's end does not tell of all of them */
  countersOf(cables: readonly Cable[]): Readonly<Record<string, CableCounters>> | undefined {
    if (cables.length === 0) return undefined;
    const counters: Record<string, CableCounters> = {};
    for (const { interfaceName, hostInterface } of cables) {
      const seen = hostInterface === undefined ? undefined : this.#find(hostInterface);
      if (seen === undefined || interfaceName === undefined) return undefined;
      counters[interfaceName] = seen;
    }
    return counters;
  }

  /** proc_pid_net(5): eight columns received, eight sent. What the host receives the container has sent. */
  #find(name: string): CableCounters | undefined {
    const at = this.#text.indexOf(`${name}:`);
    if (at < 0) return undefined;
    const columns = this.#text.slice(at + name.length + 1, this.#text.indexOf("\n", at)).match(/\d+/g) ?? [];
    return { rx_bytes: Number(columns[8]), tx_bytes: Number(columns[0]) };
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
