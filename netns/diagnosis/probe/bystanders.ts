/** What the namespaces on the way know of the flow beside its packets: counters, neighbours, tracked connections. */
import { messageOf } from "../../../lib/errors.ts";
import type { SnapshotView } from "../snapshot-view.ts";
import type { ConntrackEntryState, Flow, NotRead, Observations, PacketHeader, Place } from "../types/index.ts";
import { type Counts, changesBetween, count, neighbours } from "./counted.ts";
import { inPlace, type NamespaceReferences } from "./namespaces.ts";
import { addressesOf } from "./places.ts";
import { trackedConnection } from "./tracked.ts";

export interface BystanderOptions {
  readonly view: SnapshotView;
  readonly flow: Flow;
  readonly places: readonly Place[];
  readonly namespaces: NamespaceReferences;
}

/** A first packet as its sender sent it; `echo` is the number of an ICMP flow's. */
export interface SentHeader extends PacketHeader {
  readonly echo: number;
}

export class Bystanders {
  readonly notSeen: NotRead[] = [];
  readonly #options: BystanderOptions;
  readonly #before: ReadonlyMap<Place, Counts>;

  constructor(options: BystanderOptions) {
    this.#options = options;
    this.#before = this.#counts();
  }

  afterwards(headers: readonly SentHeader[]): Pick<Observations, "counters" | "neighbours" | "connections"> {
    const connections = headers.flatMap((header) => this.#connectionsOf(header));
    const after = this.#counts();
    return {
      counters: [...after].flatMap(([place, counts]) =>
        changesBetween(place, this.#before.get(place) ?? counts, counts),
      ),
      neighbours: this.#neighbours(connections.flatMap(({ reply }) => [reply.source, reply.destination])),
      connections,
    };
  }

  #counts(): Map<Place, Counts> {
    return new Map(
      this.#options.places.flatMap((place) => {
        const counts = this.#in(place, "counters", count);
        return counts === undefined ? [] : [[place, counts]];
      }),
    );
  }

  /** Each namespace sees the packet as the one before has translated it. */
  #connectionsOf({ echo, ...sent }: SentHeader): Observations["connections"] {
    if (sent.source === "") return [];
    let header: PacketHeader = sent;
    return this.#options.places.flatMap((place) => {
      const find = (): ConntrackEntryState | undefined => trackedConnection(this.#options.flow, header, echo);
      const entry = this.#in(place, "tracked connections", find);
      if (entry === undefined) return [];
      header = asSentOn(entry);
      return { place, original: entry.original, reply: entry.reply, state: entry.state, replied: entry.replied };
    });
  }

  #neighbours(translated: readonly string[]): Observations["neighbours"] {
    const { view, flow, places } = this.#options;
    const states = places.flatMap((place) => view.namespace(place) ?? []);
    const gateways = states.flatMap(({ routes }) =>
      routes.flatMap(({ gateway, nexthops }) => [gateway, ...nexthops.map((hop) => hop.gateway)]),
    );
    const own = states.flatMap((state) => addressesOf(state, flow.family));
    const wanted = new Set([flow.destination, ...translated, ...gateways, ...own]);
    return states.flatMap(({ key: place, links }) => {
      const names = new Map(links.map(({ index, name }) => [index, name]));
      const found = this.#in(place, "neighbours", () => neighbours(names)) ?? [];
      return found.filter(({ address }) => wanted.has(address)).map((neighbour) => ({ ...neighbour, place }));
    });
  }

  #in<T>(place: Place, what: string, read: () => T): T | undefined {
    try {
      return inPlace(this.#options.namespaces, place, read);
    } catch (error) {
      const missing = { what: `${what} in ${this.#options.view.nameOf(place)}`, why: messageOf(error) };
      if (!this.notSeen.some((one) => one.what === missing.what)) this.notSeen.push(missing);
      return undefined;
    }
  }
}

/** Answers come from where it was sent to. */
const asSentOn = ({ reply }: ConntrackEntryState): PacketHeader => ({
  source: reply.destination,
  destination: reply.source,
  sourcePort: reply.destinationPort,
  destinationPort: reply.sourcePort,
});
