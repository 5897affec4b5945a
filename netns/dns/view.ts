/** What one sandbox is told: the names of its networks, and its own links. */
import type { NamesSandbox } from "./types.ts";
import { keyOfName } from "./wire/name.ts";
import type { NameEntry, NetworkNames, Zone } from "./zone.ts";

export interface Found {
  readonly network: NetworkNames;
  readonly entry: NameEntry;
}

export class View {
  readonly #zone: Zone;
  readonly #networkIds: readonly string[];
  /** Network id → key of the alias → key of the target's name. Empty for sandboxes without links. */
  readonly #links: ReadonlyMap<string, ReadonlyMap<string, string>>;

  constructor(zone: Zone, { networkIds, links }: Pick<NamesSandbox, "networkIds" | "links">) {
    this.#zone = zone;
    this.#networkIds = networkIds;
    this.#links = new Map(Object.entries(links).map(([networkId, aliases]) => [networkId, keysOfLinks(aliases)]));
  }

  /**
   * What each network knows of the name, in the order of the sandbox's interfaces.
   * @returns undefined when none does; empty when it is the alias of a link whose target is not there
   */
  find(key: string): readonly Found[] | undefined {
    let found: Found[] | undefined;
    for (const id of this.#networkIds) {
      const network = this.#zone.network(id);
      if (network === undefined) continue;
      const target = this.#links.size === 0 ? undefined : this.#linked(network, key);
      const entry = network.find(target ?? key);
      if (entry !== undefined) {
        found ??= [];
        found.push({ network, entry });
      } else if (target !== undefined) found ??= [];
    }
    return found;
  }

  /** The key that an alias stands for; the alias may have the network's name behind it. */
  #linked(network: NetworkNames, key: string): string | undefined {
    const aliases = this.#links.get(network.id);
    if (aliases === undefined) return undefined;
    const suffix = keyOfName(network.name);
    const plain = suffix !== undefined && key.endsWith(suffix) ? `${key.slice(0, -suffix.length)}\0` : key;
    return aliases.get(key) ?? aliases.get(plain);
  }
}

function keysOfLinks(aliases: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const [alias, target] of Object.entries(aliases)) {
    const aliasKey = keyOfName(alias);
    const targetKey = keyOfName(target);
    if (aliasKey !== undefined && targetKey !== undefined) keys.set(aliasKey, targetKey);
  }
  return keys;
}
