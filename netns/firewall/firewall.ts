import { conflict, systemFailure } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { type Backend, BackendError } from "./backend.ts";
import type { Family } from "./checks.ts";
import { type Entry, entriesOfGrant, entriesOfNetwork, entriesOfPort, grantKey, portKey } from "./entries.ts";
import { type Delta, Ledger } from "./ledger.ts";
import type {
  Firewall,
  FirewallGrant,
  FirewallListing,
  FirewallNetwork,
  FirewallPort,
  FirewallState,
} from "./types.ts";

/** Something the firewall was told, with the entries that were written for it. */
interface Known<T> {
  readonly told: T;
  readonly entries: readonly Entry[];
}

/** Remembers what it was told and keeps a backend to it. */
export class RememberingFirewall implements Firewall {
  readonly #backend: Backend;
  readonly #families: readonly Family[];
  readonly #logger: Logger;
  readonly #ledger = new Ledger();
  /** By bridge. */
  readonly #networks = new Map<string, Known<FirewallNetwork>>();
  /** By {@link portKey}. */
  readonly #ports = new Map<string, Known<FirewallPort>>();
  /** By {@link grantKey}. */
  readonly #grants = new Map<string, Known<FirewallGrant>>();
  /** From the first sync on, what we remember is all there is. */
  #complete = false;

  /** @param families those it looks after; packets of another pass untouched */
  constructor(backend: Backend, families: readonly Family[], logger: Logger) {
    this.#backend = backend;
    this.#families = families;
    this.#logger = logger;
  }

  get backend(): Backend["name"] {
    return this.#backend.name;
  }

  ensure(): void {
    this.#attempt(() => this.#backend.ensure());
  }

  sync(state: FirewallState): void {
    const networks = new Map(state.networks.map((told) => [told.bridge, this.#network(told)]));
    const networkOf = (bridge = "") => networks.get(bridge)?.told;
    const ports = new Map(state.ports.map((told) => [portKey(told), this.#port(told, networkOf(told.bridge))]));
    const grants = new Map((state.grants ?? []).map((told) => [grantKey(told), this.#grant(told)]));
    const all = new Ledger();
    const known = [...networks.values(), ...ports.values(), ...grants.values()];
    all.change({ add: known.flatMap(({ entries }) => entries), remove: [] });
    this.#attempt(() => this.#backend.replace(all.entries()));
    this.#ledger.clear();
    this.#ledger.change({ add: known.flatMap(({ entries }) => entries), remove: [] });
    refill(this.#networks, networks);
    refill(this.#ports, ports);
    refill(this.#grants, grants);
    this.#complete = true;
  }

  addNetwork(network: FirewallNetwork): void {
    const former = this.#networks.get(network.bridge);
    const known = this.#network(network);
    const ports = former === undefined ? [] : this.#portsOn(network.bridge);
    const renewed = ports.map(({ told }) => this.#port(told, network));
    const entriesOf = (list: readonly Known<unknown>[]) => list.flatMap(({ entries }) => entries);
    const delta = { add: entriesOf([known, ...renewed]), remove: entriesOf([former ?? [], ports].flat()) };
    this.#change(delta, (change) =>
      // A table that an engine with other subnets left behind: an interval set takes no overlap.
      this.#complete ? this.#backend.apply(change) : this.#backend.claim(change, this.#ledger.entries()),
    );
    this.#networks.set(network.bridge, known);
    for (const port of renewed) this.#ports.set(portKey(port.told), port);
  }

  removeNetwork(network: FirewallNetwork | string): void {
    const bridge = typeof network === "string" ? network : network.bridge;
    const known = this.#networks.get(bridge);
    if (known === undefined) return;
    this.#change({ add: [], remove: known.entries });
    this.#networks.delete(bridge);
  }

  publish(ports: readonly FirewallPort[]): void {
    const fresh = new Map<string, Known<FirewallPort>>();
    for (const port of ports) {
      const name = portKey(port);
      const known = this.#ports.get(name) ?? fresh.get(name);
      if (known !== undefined && !leadsTo(known.told, port)) throw taken(port, known.told);
      if (known === undefined) fresh.set(name, this.#port(port, this.#networks.get(port.bridge ?? "")?.told));
    }
    if (fresh.size === 0) return;
    this.#change({ add: [...fresh.values()].flatMap(({ entries }) => entries), remove: [] });
    for (const [name, known] of fresh) this.#ports.set(name, known);
  }

  unpublish(ports: readonly FirewallPort[]): void {
    const open = new Map<string, Known<FirewallPort>>();
    for (const port of ports) {
      const known = this.#ports.get(portKey(port));
      // A port that meanwhile leads to another container is not the caller's to close.
      if (known !== undefined && leadsTo(known.told, port)) open.set(portKey(port), known);
    }
    if (open.size === 0) return;
    this.#change({ add: [], remove: [...open.values()].flatMap(({ entries }) => entries) });
    for (const name of open.keys()) this.#ports.delete(name);
  }

  allow(grants: FirewallGrant | readonly FirewallGrant[]): void {
    const fresh = new Map<string, Known<FirewallGrant>>();
    for (const grant of [grants].flat()) {
      if (!this.#grants.has(grantKey(grant))) fresh.set(grantKey(grant), this.#grant(grant));
    }
    if (fresh.size === 0) return;
    this.#change({ add: [...fresh.values()].flatMap(({ entries }) => entries), remove: [] });
    for (const [name, known] of fresh) this.#grants.set(name, known);
  }

  deny(grants: FirewallGrant | readonly FirewallGrant[]): void {
    const names = new Set([grants].flat().map(grantKey));
    const known = [...names].flatMap((name) => this.#grants.get(name) ?? []);
    if (known.length === 0) return;
    this.#change({ add: [], remove: known.flatMap(({ entries }) => entries) });
    for (const name of names) this.#grants.delete(name);
  }

  async listing(): Promise<FirewallListing> {
    const { name, mode } = this.#backend;
    const rows = await this.#backend.list(this.#ledger.entries());
    const foreignDrops = this.foreignDrops();
    return { backend: name, ...(mode === undefined ? undefined : { mode }), rows, foreignDrops };
  }

  check(): boolean {
    return !this.#complete || this.#backend.check(() => this.#ledger.entries());
  }

  heal(): boolean {
    if (!this.#complete) return false;
    this.#attempt(() => this.#backend.replace(this.#ledger.entries()));
    return true;
  }

  foreignDrops(): string[] {
    return this.#backend.foreignDrops();
  }

  [Symbol.dispose](): void {
    this.#backend[Symbol.dispose]();
  }

  /** Writes a change, or everything anew with it when our rules turn out not to be whole. Whole or nothing. */
  #change(asked: Delta, write = (change: Delta) => this.#backend.apply(change)): void {
    const change = this.#ledger.change(asked);
    if (change.add.length === 0 && change.remove.length === 0) return;
    try {
      this.#write(change, write);
    } catch (error) {
      this.#ledger.change({ add: asked.remove, remove: asked.add });
      throw failure(error);
    }
  }

  #write(change: Delta, write: (change: Delta) => void): void {
    try {
      write(change);
    } catch (error) {
      if (!(error instanceof BackendError && error.missing && this.#complete)) throw error;
      this.#logger.warn("The firewall's rules were changed by someone else and are written again.", {
        reason: error.message,
      });
      this.#backend.replace(this.#ledger.entries());
    }
  }

  #attempt(body: () => void): void {
    try {
      body();
    } catch (error) {
      throw failure(error);
    }
  }

  #portsOn(bridge: string): Known<FirewallPort>[] {
    return [...this.#ports.values()].filter(({ told }) => told.bridge === bridge);
  }

  #network(told: FirewallNetwork): Known<FirewallNetwork> {
    return { told, entries: entriesOfNetwork(told, this.#families) };
  }

  #port(told: FirewallPort, network: FirewallNetwork | undefined): Known<FirewallPort> {
    return { told, entries: entriesOfPort(told, network, this.#families) };
  }

  #grant(told: FirewallGrant): Known<FirewallGrant> {
    return { told, entries: entriesOfGrant(told, this.#families) };
  }
}

function refill<T>(target: Map<string, T>, source: ReadonlyMap<string, T>): void {
  target.clear();
  for (const [name, value] of source) target.set(name, value);
}

const leadsTo = (known: FirewallPort, port: FirewallPort): boolean =>
  known.address === port.address && known.containerPort === port.containerPort;

function taken({ protocol, hostIp, hostPort }: FirewallPort, known: FirewallPort) {
  const place = `${hostIp === "" ? "0.0.0.0" : hostIp}:${hostPort}/${protocol}`;
  return conflict(
    `firewall: ${place} leads to ${known.address} port ${known.containerPort} of ${known.owner} already`,
    {
      code: "CTR_FIREWALL_PORT_TAKEN",
      hint: "ctr net ports shows who holds it",
    },
  );
}

function failure(error: unknown): unknown {
  if (!(error instanceof BackendError)) return error;
  return systemFailure(error.message, {
    code: "CTR_FIREWALL_FAILED",
    hint: "ctr net rules shows what is in force",
    cause: error,
  });
}
