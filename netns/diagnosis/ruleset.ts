/**
 * Reads a ruleset as `nft -j list ruleset` writes it, see libnftables-json(5): chains with their rules, sets and maps with
 * their elements as text.
 */
import type { NamespaceState } from "./types/index.ts";

export interface RulesetChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Of base chains: `filter`, `nat`, `route`. */
  readonly type: string | undefined;
  readonly hook: string | undefined;
  readonly priority: number;
  readonly policy: string | undefined;
  readonly rules: readonly RulesetRule[];
}

export interface RulesetRule {
  readonly handle: number | undefined;
  readonly comment: string;
  readonly expressions: readonly Record<string, unknown>[];
  /** The expressions as JSON without blanks: for a look at what is in them. */
  readonly json: string;
}

export interface RulesetElement {
  /** `tcp . 8080`, `10.1.0.0/16`. */
  readonly key: string;
  /** Of maps. */
  readonly value: string | undefined;
}

interface Entry {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly handle?: number;
  readonly type?: unknown;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
  readonly chain?: string;
  readonly comment?: string;
  readonly expr?: readonly Record<string, unknown>[];
  readonly elem?: readonly unknown[];
}

export class Ruleset {
  readonly chains: readonly RulesetChain[];
  readonly #collections = new Map<string, readonly RulesetElement[]>();
  readonly #tables = new Set<string>();

  constructor(nftables: readonly object[]) {
    const rules = new Map<string, RulesetRule[]>();
    const heads: Entry[] = [];
    for (const item of nftables as readonly Readonly<Record<string, Entry>>[]) {
      const { table, chain, rule, set = item["map"] } = item;
      if (table !== undefined) this.#tables.add(`${table.family} ${table.name}`);
      if (chain !== undefined) heads.push(chain);
      if (rule !== undefined) {
        const key = keyOf(rule.family, rule.table, rule.chain ?? "");
        rules.set(key, [...(rules.get(key) ?? []), ruleOf(rule)]);
      }
      if (set !== undefined)
        this.#collections.set(keyOf(set.family, set.table, set.name), (set.elem ?? []).map(element));
    }
    this.chains = heads.map(({ family, table, name, type, hook, prio = 0, policy }) => ({
      ...{ family, table, name, hook, policy, priority: prio },
      type: typeof type === "string" ? type : undefined,
      rules: rules.get(keyOf(family, table, name)) ?? [],
    }));
  }

  hasTable = (family: string, table: string): boolean => this.#tables.has(`${family} ${table}`);

  chain = (family: string, table: string, name: string): RulesetChain | undefined =>
    this.chains.find((chain) => chain.family === family && chain.table === table && chain.name === name);

  /** Elements of a set or map; undefined when there is none of that name. */
  elements = (family: string, table: string, name: string): readonly RulesetElement[] | undefined =>
    this.#collections.get(keyOf(family, table, name));
}

const cache = new WeakMap<NamespaceState, Ruleset>();

/** @returns undefined where the rules could not be read */
export function rulesetOf(namespace: NamespaceState): Ruleset | undefined {
  if (namespace.nftables === undefined) return undefined;
  const known = cache.get(namespace) ?? new Ruleset(namespace.nftables);
  cache.set(namespace, known);
  return known;
}

const keyOf = (...parts: readonly string[]): string => parts.join("\n");

function ruleOf({ handle, comment = "", expr = [] }: Entry): RulesetRule {
  return { handle, comment, expressions: expr, json: JSON.stringify(expr) };
}

/** `{"elem": {"val": …, "comment": …}}`, or the value itself; of maps a pair of key and value. */
function element(item: unknown): RulesetElement {
  if (Array.isArray(item)) return { key: valueText(item[0]), value: valueText(item[1]) };
  return { key: valueText(item), value: undefined };
}

function valueText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const { elem, concat, prefix, range } = value as {
    readonly elem?: { readonly val: unknown };
    readonly concat?: readonly unknown[];
    readonly prefix?: { readonly addr: unknown; readonly len: number };
    readonly range?: readonly unknown[];
  };
  if (elem !== undefined) return valueText(elem.val);
  if (concat !== undefined) return concat.map(valueText).join(" . ");
  if (prefix !== undefined) return `${valueText(prefix.addr)}/${prefix.len}`;
  return range === undefined ? JSON.stringify(value) : range.map(valueText).join("-");
}
