/** A healthy host as a snapshot that tests may damage, and the contexts that causes are asked in. */
import { readFileSync } from "node:fs";
import { CAUSES } from "../../../../../netns/diagnosis/causes/index.ts";
import { explainFlow, inspectState } from "../../../../../netns/diagnosis/explain.ts";
import { SnapshotView } from "../../../../../netns/diagnosis/snapshot-view.ts";
import {
  type Attempt,
  type Death,
  type Finding,
  type Flow,
  type FlowContext,
  type FlowReport,
  type Hop,
  type IntendedContainer,
  type LinkState,
  type NamespaceState,
  type Observations,
  OUTSIDE,
  type PacketHeader,
  type ProgramState,
  type Snapshot,
  type SocketState,
  type Walk,
} from "../../../../../netns/diagnosis/types/index.ts";
import type { Network } from "../../../../../netns/types.ts";

/** Everything may be written to. */
type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

const HEALTHY = readFileSync(new URL("../../../../fixtures/diagnosis/healthy.json", import.meta.url), "utf8");

export class Damaged {
  readonly snapshot = JSON.parse(HEALTHY) as Mutable<Snapshot>;

  get host(): Mutable<NamespaceState> {
    return this.#namespace("host");
  }

  /** Of a container, by its name: `web` and `api` are on `front`, `db` on `back`, `lonely` on the default network. */
  inside(name: string): Mutable<NamespaceState> {
    return this.#namespace(this.container(name).id);
  }

  container(name: string): Mutable<IntendedContainer> {
    return required(this.snapshot.intent.containers.find((one) => one.name === name));
  }

  network(name: string): Mutable<Network> {
    return required(this.snapshot.intent.networks.find((one) => one.name === name));
  }

  bridge(name: string): Mutable<LinkState> {
    return required(this.host.links.find((link) => link.name === this.network(name).bridge));
  }

  /** The host's end of a container's cable. */
  cable(name: string): Mutable<LinkState> {
    const device = required(this.container(name).endpoints[0]).hostInterface;
    return required(this.host.links.find((link) => link.name === device));
  }

  /** The container's end. */
  eth0(name: string): Mutable<LinkState> {
    return required(this.inside(name).links.find((link) => link.name === "eth0"));
  }

  address(name: string): string {
    return required(this.container(name).endpoints[0]).address;
  }

  program(name: string): Mutable<ProgramState> {
    return required(this.snapshot.programs[this.container(name).id]);
  }

  sysctl(key: string, value: string, place = this.host): void {
    required(place.sysctls)[key] = value;
  }

  /** Adds to a ruleset, as nft writes it. */
  nft(...items: readonly object[]): void {
    this.host.nftables = [...(this.host.nftables ?? []), ...items];
  }

  /** Takes rules and elements of ours away whose JSON matches. */
  withoutRules(pattern: RegExp): void {
    this.host.nftables = this.host.nftables?.filter((item) => !("rule" in item && pattern.test(JSON.stringify(item))));
  }

  /** @param change of the elements of one of our maps or sets */
  elements(collection: string, change: (elements: unknown[]) => unknown[]): void {
    for (const item of (this.host.nftables ?? []) as Record<
      string,
      { name: string; table: string; elem?: unknown[] }
    >[]) {
      const set = item["map"] ?? item["set"];
      if (set?.table === "ctr" && set.name === collection) set.elem = change(set.elem ?? []);
    }
  }

  get view(): SnapshotView {
    return new SnapshotView(this.snapshot as Snapshot);
  }

  inspect(): Finding[] {
    return inspectState(this.view);
  }

  flow(details: Partial<Flow> = {}): Flow {
    return {
      ...{ from: this.container("web").id, source: this.address("web"), destination: this.address("api"), family: 4 },
      ...{ protocol: "tcp", destinationPort: 8000, sourcePort: 40000, size: undefined, to: undefined },
      ...{ fromText: "web", toText: "api:8000" },
      ...details,
    };
  }

  /** A flow that ends as given, in the order of the way; it arrives where there is nothing. */
  explain(flow: Flow, deaths: readonly Ending[], observations?: Observations, route?: string): FlowReport {
    return explainFlow(this.context(flow, deaths, observations, route));
  }

  /** @param route link of the host's by which its route leads */
  context(flow: Flow, deaths: readonly Ending[], observations?: Observations, route?: string): FlowContext {
    const { view } = this;
    return { snapshot: view.snapshot, view, flow, walk: walkOf(flow, deaths, route), observations };
  }

  #namespace(key: string): Mutable<NamespaceState> {
    return required(this.snapshot.namespaces.find((one) => one.key === key));
  }
}

export interface Ending {
  readonly kind: Death["kind"];
  readonly facts?: Death["facts"];
  readonly seen?: Death["seen"];
  readonly direction?: "there" | "back";
  readonly place?: string;
  readonly device?: string;
  /** Where translation has changed it. */
  readonly packet?: Partial<PacketHeader>;
}

function walkOf(flow: Flow, endings: readonly Ending[], route?: string): Walk {
  const deaths = endings.map((ending) => ({ direction: ending.direction ?? "there", ...dying(flow, ending) }) as const);
  const first = deaths[0];
  const way: Hop[] = [{ ...emptyHop(flow), text: "route on eth0" }];
  if (flow.to === OUTSIDE) way.push({ ...emptyHop(flow), place: "host", device: "cable", text: "leaves by cable" });
  if (route !== undefined) way.push({ ...emptyHop(flow), place: "host", device: route, text: `route over ${route}` });
  return {
    flow,
    there: first?.direction === "there" ? [...way, first.hop] : way,
    back: first?.direction === "back" ? [first.hop] : [],
    result: deaths.length === 0 ? "arrives" : "dies",
    arrivesAt: deaths.length === 0 ? flow.to : undefined,
    deaths,
    unknowns: [],
  };
}

function dying(flow: Flow, { kind, facts = {}, seen = "silence", place, device, packet }: Ending) {
  const death: Death = { kind, facts: { ...(place === undefined ? {} : { place }), ...facts }, seen };
  const hop: Hop = {
    ...emptyHop(flow),
    ...{ place: place ?? "host", device, text: `${kind} here`, verdict: "drop", death },
    packet: { ...emptyHop(flow).packet, ...packet },
  };
  return { hop, death };
}

function emptyHop({ from, source, destination, sourcePort, destinationPort }: Flow): Hop {
  return {
    ...{ place: from, stage: "route", device: "eth0", hook: undefined, text: "", verdict: "pass", evidence: [] },
    packet: { source, destination, sourcePort, destinationPort },
    death: undefined,
  };
}

export const SILENCE: Attempt = {
  ...{ outcome: "silence", errno: undefined, milliseconds: 1000, local: undefined },
  ...{ dataTaken: undefined, reportedBy: undefined },
};
export const REFUSED: Attempt = { ...SILENCE, outcome: "refused", errno: "ECONNREFUSED", milliseconds: 0.4 };
export const CONNECTED: Attempt = { ...SILENCE, outcome: "connected", milliseconds: 0.4 };

export const seen = (attempts: readonly Attempt[], more: Partial<Observations> = {}): Observations => ({
  ...{ attempts, verdicts: [], devices: [], drops: [], counters: [], neighbours: [], connections: [], notSeen: [] },
  ...more,
});

export const listener = (port: number, address = "0.0.0.0", more: Partial<SocketState> = {}): SocketState => ({
  ...{ protocol: "tcp", family: 4, state: "listen", address, port, v6Only: undefined, waiting: 0, backlog: 128 },
  ...{ inode: 1, process: { pid: 99, name: "nginx" } },
  ...more,
});

export const codesOf = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code);

/** Codes of causes that look at the state, or at flows. */
export const codesThat = (verb: "inspect" | "explain"): string[] =>
  CAUSES.filter((cause) => cause[verb] !== undefined).map(({ code }) => code);

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the fixture has not got that");
  return value;
}
