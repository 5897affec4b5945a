/** What the networks' names are, ready to be answered with. */
import type { NameRecord } from "./types.ts";
import { addressBytes, reverseName } from "./wire/address.ts";
import { encodeName, keyOfName } from "./wire/name.ts";

/** One name on one network: of one container, or of several that share an alias. */
export interface NameEntry {
  /** Of the containers that run. */
  readonly ipv4: readonly Uint8Array[];
  readonly ipv6: readonly Uint8Array[];
  /** For an address's name: the encoded names of the containers that run. */
  readonly pointers: readonly Uint8Array[];
  /** One of the containers runs. */
  readonly running: boolean;
  readonly containerIds: readonly string[];
  /** Which address comes first in the next answer. */
  turn: number;
}

/** The names of one network. */
export class NetworkNames {
  readonly id: string;
  name: string;
  /** By container. */
  readonly #records = new Map<string, NameRecord>();
  /** By key: the containers that have the name. */
  readonly #holders = new Map<string, Set<NameRecord>>();
  /** Made at the first question, and again after a change. */
  readonly #entries = new Map<string, NameEntry>();
  /** Keys that are translations of addresses. */
  readonly #reverse = new Map<string, NameRecord>();

  constructor(id: string, name: string) {
    this.id = id;
    this.name = name;
  }

  get size(): number {
    return this.#records.size;
  }

  get records(): Iterable<NameRecord> {
    return this.#records.values();
  }

  put(record: NameRecord): void {
    this.remove(record.containerId);
    this.name = record.networkName;
    this.#records.set(record.containerId, record);
    for (const key of keysOf(record)) {
      const holders = this.#holders.get(key);
      if (holders === undefined) this.#holders.set(key, new Set([record]));
      else holders.add(record);
      this.#entries.delete(key);
    }
    for (const key of reverseKeysOf(record)) {
      this.#reverse.set(key, record);
      this.#entries.delete(key);
    }
  }

  remove(containerId: string): void {
    const record = this.#records.get(containerId);
    if (record === undefined) return;
    this.#records.delete(containerId);
    for (const key of keysOf(record)) {
      const holders = this.#holders.get(key);
      holders?.delete(record);
      if (holders?.size === 0) this.#holders.delete(key);
      this.#entries.delete(key);
    }
    for (const key of reverseKeysOf(record)) {
      // The address may have gone to another container already.
      if (this.#reverse.get(key) === record) this.#reverse.delete(key);
      this.#entries.delete(key);
    }
  }

  /** @returns undefined when no container of the network, running or not, has the name */
  find(key: string): NameEntry | undefined {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = this.#makeEntry(key);
    if (entry !== undefined) this.#entries.set(key, entry);
    return entry;
  }

  #makeEntry(key: string): NameEntry | undefined {
    const holders = this.#holders.get(key);
    const reversed = this.#reverse.get(key);
    if (holders === undefined && reversed === undefined) return undefined;
    const all = [...(holders ?? []), ...(reversed === undefined ? [] : [reversed])];
    const running = all.filter((record) => record.running);
    const named = running.filter((record) => holders?.has(record));
    return {
      ipv4: named.flatMap(({ address }) => (address ? [addressBytes(address)] : [])),
      ipv6: named.flatMap(({ address6 }) => (address6 ? [addressBytes(address6)] : [])),
      pointers: running.filter((record) => record === reversed).flatMap(pointerOf),
      running: running.length > 0,
      containerIds: running.map(({ containerId }) => containerId),
      turn: 0,
    };
  }
}

/** Each name alone and with the network's name behind it. Names that cannot be asked for have no key. */
function keysOf({ names, networkName }: NameRecord): Set<string> {
  return new Set(names.flatMap((name) => [keyOfName(name), keyOfName(`${name}.${networkName}`)]).filter(isKey));
}

function reverseKeysOf({ address, address6 }: NameRecord): string[] {
  return [address, address6].flatMap((text) => (text ? [keyOfName(reverseName(text))] : [])).filter(isKey);
}

const isKey = (key: string | undefined): key is string => key !== undefined && key !== "\0";

/** `web.front.`, as Docker answers. */
function pointerOf({ names: [name], networkName }: NameRecord): Uint8Array[] {
  const wire = name === undefined ? undefined : encodeName(`${name}.${networkName}`);
  return wire === undefined ? [] : [wire];
}

/** The names of all networks. */
export class Zone {
  readonly #networks = new Map<string, NetworkNames>();
  #size = 0;

  /** Records of all networks. */
  get size(): number {
    return this.#size;
  }

  network(id: string): NetworkNames | undefined {
    return this.#networks.get(id);
  }

  put(record: NameRecord): void {
    let network = this.#networks.get(record.networkId);
    if (network === undefined) {
      network = new NetworkNames(record.networkId, record.networkName);
      this.#networks.set(record.networkId, network);
    }
    this.#counting(network, () => network.put(record));
  }

  remove(networkId: string, containerId: string): void {
    const network = this.#networks.get(networkId);
    if (network === undefined) return;
    this.#counting(network, () => network.remove(containerId));
    if (network.size === 0) this.#networks.delete(networkId);
  }

  /** Makes `records` the whole of what is known; answers go on in between. */
  replace(records: readonly NameRecord[]): void {
    const kept = new Set(records.map(({ networkId, containerId }) => `${networkId}/${containerId}`));
    for (const network of [...this.#networks.values()]) {
      for (const { containerId } of [...network.records]) {
        if (!kept.has(`${network.id}/${containerId}`)) this.remove(network.id, containerId);
      }
    }
    for (const record of records) this.put(record);
  }

  #counting(network: NetworkNames, change: () => void): void {
    const before = network.size;
    change();
    this.#size += network.size - before;
  }
}
