/** A table of nft's JSON: its sets and chains are read when a packet first needs them. */
import type { Collection } from "../rules/collection.ts";
import type { Chain, Rule } from "../rules/types.ts";
import { readCollection } from "./collections.ts";
import type { DataType } from "./datatypes.ts";
import { bodyOf } from "./json.ts";
import { renderRule } from "./render.ts";
import { readStatement } from "./statements.ts";

export interface NftRuleJson {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly handle?: number;
  readonly comment?: string;
  readonly expr: readonly object[];
}

export interface NftChainJson {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
  /** Of netdev chains, where nft tells them. */
  readonly dev?: string | readonly string[];
}

export interface NftSetJson {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly elem?: readonly unknown[];
}

export class NftTable {
  readonly family: string;
  readonly name: string;
  readonly baseChains: NftChainJson[] = [];
  readonly #rules = new Map<string, NftRuleJson[]>();
  readonly #chains = new Map<string, Chain>();
  readonly #elements = new Map<string, readonly unknown[]>();
  readonly #collections = new Map<string, Collection<unknown>>();

  constructor(family: string, name: string) {
    this.family = family;
    this.name = name;
  }

  addChain(chain: NftChainJson): void {
    this.#rules.set(chain.name, this.#rules.get(chain.name) ?? []);
    if (chain.hook !== undefined) this.baseChains.push(chain);
  }

  addRule(rule: NftRuleJson): void {
    const rules = this.#rules.get(rule.chain) ?? [];
    rules.push(rule);
    this.#rules.set(rule.chain, rules);
  }

  addSet({ name, elem }: NftSetJson): void {
    this.#elements.set(name, elem ?? []);
  }

  /** Handles of a chain's rules, in their order. */
  handlesOf(chain: string): readonly (number | undefined)[] {
    return (this.#rules.get(chain) ?? []).map(({ handle }) => handle);
  }

  chain(name: string): Chain | undefined {
    const known = this.#chains.get(name);
    const rules = this.#rules.get(name);
    if (known !== undefined || rules === undefined) return known;
    const chain = { name, rules: rules.map((rule) => this.#readRule(rule)) };
    this.#chains.set(name, chain);
    return chain;
  }

  /** @param types of the expression that is looked up in it */
  set(name: string, types: readonly DataType[]): Collection<unknown> {
    return this.#collection(name, types, false);
  }

  /** @param data `@name`, or `{"set": […]}` in place */
  map(data: unknown, types: readonly DataType[]): Collection<unknown> {
    if (typeof data === "string") return this.#collection(data.replace(/^@/, ""), types, true);
    const elements = (bodyOf(data, "set") as readonly unknown[] | undefined) ?? [];
    const known = this.#inPlace.get(elements);
    if (known !== undefined) return known;
    const collection = readCollection(elements, types, true);
    this.#inPlace.set(elements, collection);
    return collection;
  }

  readonly #inPlace = new Map<readonly unknown[], Collection<unknown>>();

  #collection(name: string, types: readonly DataType[], isMap: boolean): Collection<unknown> {
    const key = `${name} ${types.join(" ")}`;
    let collection = this.#collections.get(key);
    if (collection === undefined) {
      collection = readCollection(this.#elements.get(name) ?? [], types, isMap);
      this.#collections.set(key, collection);
    }
    return collection;
  }

  #readRule(rule: NftRuleJson): Rule {
    const { handle, comment, expr } = rule;
    let text: string | undefined;
    return {
      handle,
      comment,
      text: () => {
        text ??= renderRule(expr, comment);
        return text;
      },
      statements: expr.map((statement) => readStatement(statement, this)),
    };
  }
}
