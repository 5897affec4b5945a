/** A table of iptables as chains of rules. */
import type { Chain, Rule, Statement } from "../rules/types.ts";
import { readMatch } from "./match.ts";
import { partsOf } from "./options.ts";
import type { SavedRule, SavedTable } from "./parse.ts";
import { readTarget } from "./target.ts";

export class IptablesTable {
  readonly name: string;
  readonly policies: ReadonlyMap<string, "accept" | "drop">;
  readonly #saved: SavedTable;
  readonly #handlesOf: (chain: string) => readonly (number | undefined)[];
  readonly #chains = new Map<string, Chain>();

  /** @param handlesOf handles of a chain's rules in their order, where nftables has them */
  constructor(saved: SavedTable, handlesOf: (chain: string) => readonly (number | undefined)[] = () => []) {
    this.name = saved.name;
    this.policies = saved.policies;
    this.#saved = saved;
    this.#handlesOf = handlesOf;
  }

  chain(name: string): Chain | undefined {
    const known = this.#chains.get(name);
    const rules = this.#saved.chains.get(name);
    if (known !== undefined || rules === undefined) return known;
    const handles = this.#handlesOf(name);
    const chain = { name, rules: rules.map((rule, index) => this.#readRule(name, rule, handles[index])) };
    this.#chains.set(name, chain);
    return chain;
  }

  #readRule(chain: string, { text, words }: SavedRule, handle: number | undefined): Rule {
    const { matches, target } = partsOf(words);
    const conditions = matches.flatMap(({ name, options }) => readMatch(name, options));
    const comment = matches.find(({ name }) => name === "comment")?.options[0]?.values[0];
    const statements: Statement[] = conditions.map((condition) => (context) => ({ holds: condition(context) }));
    return {
      handle,
      comment,
      text: () => `-A ${chain} ${text}`,
      statements: [...statements, readTarget(target, (name) => this.#saved.chains.has(name))],
    };
  }
}
