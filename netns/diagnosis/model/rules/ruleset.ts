/**
 * All rules of a namespace, by the hooks of the kernel that they hang on, in the order in which a packet meets them.
 * Tables that iptables made in nftables are read from iptables' own words: nft shows of their matches only that there are
 * some.
 */
import type { NamespaceState } from "../../types/index.ts";
import { readSavedTables, type SavedTable } from "../iptables/parse.ts";
import { IptablesTable } from "../iptables/table.ts";
import { type NftChainJson, type NftRuleJson, type NftSetJson, NftTable } from "../nft/table.ts";
import type { BaseChain } from "./types.ts";

/** Where chains of type nat run whatever their own priority says: that orders them among each other. */
const DESTINATION_NAT = -100;
const SOURCE_NAT = 100;

/** Of the tables of iptables' old implementation, NF_IP_PRI_*. */
const LEGACY_PRIORITY: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 };

const HOOK_OF_CHAIN: Readonly<Record<string, string>> = {
  PREROUTING: "prerouting",
  INPUT: "input",
  FORWARD: "forward",
  OUTPUT: "output",
  POSTROUTING: "postrouting",
};

export class Ruleset {
  readonly #chains: readonly BaseChain[];
  readonly #byHook = new Map<string, readonly BaseChain[]>();

  constructor(state: NamespaceState) {
    const saved = state.iptables.map((each) => ({ ...each, tables: readSavedTables(each.text) }));
    const tables = readNftTables(state.nftables ?? []);
    this.#chains = [
      ...tables.flatMap((table) => nftChains(table, savedTwin(table, saved))),
      ...saved.flatMap(({ mode, family, tables }) =>
        mode === "legacy" ? tables.flatMap((t) => legacyChains(t, family)) : [],
      ),
    ];
  }

  /** @param families whose tables see the packet: `ip` and `inet` for IPv4 */
  at(hook: string, families: readonly string[]): readonly BaseChain[] {
    const key = `${hook} ${families.join(" ")}`;
    let chains = this.#byHook.get(key);
    if (chains === undefined) {
      chains = this.#chains
        .filter((chain) => chain.hook === hook && families.includes(chain.family))
        .toSorted((one, other) => placeOf(one) - placeOf(other) || one.priority - other.priority);
      this.#byHook.set(key, chains);
    }
    return chains;
  }

  get isEmpty(): boolean {
    return this.#chains.length === 0;
  }
}

/** Where on its hook a chain runs. */
export function placeOf({ type, hook, priority }: BaseChain): number {
  if (type !== "nat") return priority;
  return hook === "prerouting" || hook === "output" ? DESTINATION_NAT : SOURCE_NAT;
}

function readNftTables(objects: readonly object[]): readonly NftTable[] {
  const tables = new Map<string, NftTable>();
  const tableOf = (family: string, name: string): NftTable => {
    const key = `${family} ${name}`;
    const table = tables.get(key) ?? new NftTable(family, name);
    tables.set(key, table);
    return table;
  };
  const dormant = new Set(objects.flatMap(dormantTable));
  for (const object of objects) {
    const { chain, rule, set, map } = object as {
      chain?: NftChainJson;
      rule?: NftRuleJson;
      set?: NftSetJson;
      map?: NftSetJson;
    };
    if (chain !== undefined && !dormant.has(`${chain.family} ${chain.table}`))
      tableOf(chain.family, chain.table).addChain(chain);
    if (rule !== undefined) tableOf(rule.family, rule.table).addRule(rule);
    for (const each of [set, map]) if (each !== undefined) tableOf(each.family, each.table).addSet(each);
  }
  return [...tables.values()];
}

/** A table that is asleep has no hooks. */
function dormantTable(object: object): string[] {
  const { table } = object as { table?: { family: string; name: string; flags?: unknown } };
  return table !== undefined && [table.flags].flat().includes("dormant") ? [`${table.family} ${table.name}`] : [];
}

type Saved = readonly { readonly mode: string; readonly family: number; readonly tables: readonly SavedTable[] }[];

/** The same table in iptables' words. */
function savedTwin(table: NftTable, saved: Saved): SavedTable | undefined {
  const family = table.family === "ip" ? 4 : table.family === "ip6" ? 6 : undefined;
  return saved
    .find((each) => each.mode === "nft" && each.family === family)
    ?.tables.find(({ name }) => name === table.name);
}

function nftChains(table: NftTable, twin: SavedTable | undefined): BaseChain[] {
  const iptables = twin && new IptablesTable(twin, (chain) => table.handlesOf(chain));
  return table.baseChains.map((chain) => ({
    backend: iptables === undefined ? "nft" : "iptables-nft",
    family: table.family,
    table: table.name,
    chain: chain.name,
    type: chain.type === "nat" ? "nat" : chain.type === "route" ? "route" : "filter",
    hook: chain.hook ?? "",
    priority: chain.prio ?? 0,
    policy: chain.policy === "drop" ? "drop" : "accept",
    devices: chain.dev === undefined ? undefined : [chain.dev].flat(),
    find: (name) => iptables?.chain(name) ?? table.chain(name),
  }));
}

function legacyChains(saved: SavedTable, family: 4 | 6): BaseChain[] {
  const table = new IptablesTable(saved);
  return [...saved.policies].flatMap(([chain, policy]) => {
    const hook = HOOK_OF_CHAIN[chain];
    if (hook === undefined) return [];
    return {
      backend: "iptables-legacy" as const,
      family: family === 4 ? "legacy" : "legacy6",
      table: saved.name,
      chain,
      type: saved.name === "nat" ? ("nat" as const) : ("filter" as const),
      hook,
      priority:
        LEGACY_PRIORITY[saved.name] ?? (hook === "prerouting" || hook === "output" ? DESTINATION_NAT : SOURCE_NAT),
      policy,
      devices: undefined,
      find: (name: string) => table.chain(name),
    };
  });
}
