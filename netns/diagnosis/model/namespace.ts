/** A namespace of the snapshot with what is looked up in it again and again, indexed when it is first asked for. */
import { type Family, readAddress } from "../../ipam/ip.ts";
import type {
  AddressState,
  ConntrackEntryState,
  FdbEntry,
  LinkState,
  NamespaceState,
  NeighbourState,
  SocketState,
} from "../types/index.ts";
import { Fib } from "./fib/fib.ts";
import { Ruleset } from "./rules/ruleset.ts";

export interface LinkAddress {
  readonly family: Family;
  readonly value: bigint;
  readonly prefixLength: number;
  readonly state: AddressState["state"];
}

export class NamespaceModel {
  readonly key: string;
  readonly state: NamespaceState;
  readonly takenAt: Date | undefined;
  readonly #links: ReadonlyMap<string, LinkState>;
  readonly #addresses = new Map<LinkState, readonly LinkAddress[]>();
  #fib: Fib | undefined;
  #ruleset: Ruleset | undefined;
  #sockets: ReadonlyMap<string, readonly SocketState[]> | undefined;
  #neighbours: ReadonlyMap<string, NeighbourState> | undefined;
  #fdb: ReadonlyMap<string, readonly FdbEntry[]> | undefined;
  #connections: ReadonlyMap<string, ConntrackEntryState> | undefined;

  /** @param takenAt when the snapshot was taken, where that is known */
  constructor(state: NamespaceState, takenAt?: Date) {
    this.takenAt = takenAt;
    this.key = state.key;
    this.state = state;
    this.#links = new Map(state.links.map((link) => [link.name, link]));
  }

  get fib(): Fib {
    this.#fib ??= new Fib(this.state, (name) => this.link(name));
    return this.#fib;
  }

  get ruleset(): Ruleset {
    this.#ruleset ??= new Ruleset(this.state);
    return this.#ruleset;
  }

  link(name: string | undefined): LinkState | undefined {
    return name === undefined ? undefined : this.#links.get(name);
  }

  get loopback(): LinkState | undefined {
    return this.state.links.find((link) => link.name === "lo");
  }

  ports(bridge: string): readonly LinkState[] {
    return this.state.links.filter(({ master }) => master === bridge);
  }

  addressesOf(link: LinkState): readonly LinkAddress[] {
    let addresses = this.#addresses.get(link);
    if (addresses === undefined) {
      addresses = link.addresses.flatMap(({ address, prefixLength, state }) => {
        const read = readAddress(address);
        return read === undefined ? [] : { ...read, prefixLength, state };
      });
      this.#addresses.set(link, addresses);
    }
    return addresses;
  }

  /** The link that has an address which may be used. */
  linkWith(family: Family, value: bigint): LinkState | undefined {
    return this.state.links.find((link) =>
      this.addressesOf(link).some((own) => own.family === family && own.value === value && own.state === "ready"),
    );
  }

  sysctl(key: string): number | undefined {
    const text = this.state.sysctls[key];
    return text === undefined ? undefined : Number.parseInt(text, 10);
  }

  /** Of a link, as `net.ipv4.conf.eth0.forwarding`. A dot in a link's name is a slash there, see sysctl(8). */
  linkSysctl(family: Family, link: string, name: string): number | undefined {
    return (
      this.sysctl(`net.ipv${family}.conf.${link}.${name}`) ??
      this.sysctl(`net.ipv${family}.conf.${link.replaceAll(".", "/")}.${name}`)
    );
  }

  /** The ports that clients get: net.ipv4.ip_local_port_range. */
  get clientPorts(): { readonly low: bigint; readonly high: bigint } {
    const [low = 32_768, high = 60_999] = (this.state.sysctls["net.ipv4.ip_local_port_range"] ?? "")
      .split(/\s+/)
      .filter((text) => text !== "")
      .map(Number);
    return { low: BigInt(low), high: BigInt(high) };
  }

  /** Of TCP those that listen, of UDP those that take datagrams of everybody. */
  sockets(protocol: string, port: number): readonly SocketState[] {
    this.#sockets ??= Map.groupBy(
      this.state.sockets.filter(({ state }) => state === "listen" || state === "unconnected"),
      (socket) => `${socket.protocol} ${socket.port}`,
    );
    return this.#sockets.get(`${protocol} ${port}`) ?? [];
  }

  neighbour(device: string, address: string): NeighbourState | undefined {
    this.#neighbours ??= new Map(this.state.neighbours.map((each) => [`${each.device} ${each.address}`, each]));
    return this.#neighbours.get(`${device} ${address}`);
  }

  /** Where the bridge has learned, or was told, that a hardware address is. */
  fdb(bridge: string, mac: string): readonly FdbEntry[] {
    this.#fdb ??= Map.groupBy(this.state.fdb, (entry) => `${entry.bridge ?? entry.device} ${entry.mac}`);
    return this.#fdb.get(`${bridge} ${mac}`) ?? [];
  }

  /** The connection that the kernel follows for packets with this header, which began it. */
  connection(key: string): ConntrackEntryState | undefined {
    this.#connections ??= new Map((this.state.conntrack?.entries ?? []).map((entry) => [connectionKey(entry), entry]));
    return this.#connections.get(key);
  }
}

const connectionKey = ({ protocol, original }: ConntrackEntryState): string =>
  `${protocol} ${original.source} ${original.sourcePort} ${original.destination} ${original.destinationPort}`;
