/** Reads what iptables-save writes. */
import type { FirewallRow } from "../types.ts";
import { chainsOf, type Entrance, entrancesOf, TABLES, USER_CHAIN } from "./chains.ts";
import { isGroupChain } from "./port-groups.ts";

interface SavedRule {
  readonly table: string;
  readonly chain: string;
  /** Without counters, as `-A CHAIN` is followed by it. */
  readonly spec: string;
  readonly packets?: number;
  readonly bytes?: number;
}

export class Saved {
  readonly rules: readonly SavedRule[];
  /** By `table chain`; the kernel's chains with their policy. */
  readonly #chains: ReadonlyMap<string, string>;

  /** @param text of iptables-save, with or without `-c` */
  constructor(text: string) {
    const chains = new Map<string, string>();
    const rules: SavedRule[] = [];
    let table = "";
    for (const line of text.split("\n")) {
      if (line.startsWith("*")) table = line.slice(1);
      const chain = /^:(\S+) (\S+)/.exec(line);
      if (chain !== null) chains.set(`${table} ${chain[1]}`, chain[2] ?? "-");
      const rule = /^(?:\[(\d+):(\d+)\] )?-A (\S+) ?(.*)$/.exec(line);
      if (rule !== null) rules.push(savedRule(table, rule));
    }
    this.rules = rules;
    this.#chains = chains;
  }

  hasChain(table: string, chain: string): boolean {
    return this.#chains.has(`${table} ${chain}`);
  }

  /** Those that published ports are in. */
  groupChains(table: string): string[] {
    return [...this.#chains.keys()].flatMap((key) => {
      const [ofTable = "", chain = ""] = key.split(" ");
      return ofTable === table && isGroupChain(chain) ? chain : [];
    });
  }

  /** `DROP`, `ACCEPT`; undefined when the table is not there. */
  policy(table: string, chain: string): string | undefined {
    return this.#chains.get(`${table} ${chain}`);
  }

  /** Rules in the kernel's chains that lead into ours, as often as they are there. */
  entrances(table: string): Entrance[] {
    return this.rules
      .filter((rule) => rule.table === table && !rule.chain.startsWith("CTR-") && / ?-j CTR-\S+$/.test(rule.spec))
      .map(({ chain, spec }) => ({ from: chain, spec }));
  }

  /** Whether our chains are there, and each way into them once. */
  hasFrame(): boolean {
    const hasUserChain = this.hasChain("filter", USER_CHAIN);
    return hasUserChain && TABLES.every((table) => this.#hasChains(table) && this.#hasEntrances(table));
  }

  /** Whether the frame is there, and our chains hold as many rules as wanted, by `table chain`. */
  isWhole(wanted: ReadonlyMap<string, number>): boolean {
    const counts = new Map<string, number>();
    for (const { table, chain } of this.rules) {
      counts.set(`${table} ${chain}`, (counts.get(`${table} ${chain}`) ?? 0) + 1);
    }
    return this.hasFrame() && wanted.entries().every(([name, count]) => (counts.get(name) ?? 0) === count);
  }

  #hasChains(table: (typeof TABLES)[number]): boolean {
    return chainsOf(table).every((chain) => this.hasChain(table, chain));
  }

  #hasEntrances(table: (typeof TABLES)[number]): boolean {
    const found = this.entrances(table).map(({ from, spec }) => `${from} ${spec}`);
    return entrancesOf(table).every(
      ({ from, spec }) => found.filter((text) => text === `${from} ${spec}`).length === 1,
    );
  }

  /** The administrator's own, as what follows `-A CTR-USER`. */
  userRules(): string[] {
    return this.rules.filter(({ table, chain }) => table === "filter" && chain === USER_CHAIN).map(({ spec }) => spec);
  }

  /** Our rules and the administrator's. */
  rows(): FirewallRow[] {
    const own = this.rules.filter(({ chain, spec }) => chain.startsWith("CTR-") || / ?-j CTR-\S+$/.test(spec));
    return own.map(({ table, chain, spec, packets, bytes }) => {
      const [, quoted, plain] = /-m comment --comment (?:"([^"]*)"|(\S+)) ?/.exec(spec) ?? [];
      const owner = chain === USER_CHAIN ? "user" : (quoted ?? plain ?? "ctr");
      const text = chain === USER_CHAIN ? spec : spec.replace(/-m comment --comment (?:"[^"]*"|\S+) ?/, "");
      const counters = packets === undefined || bytes === undefined ? undefined : { packets, bytes };
      return { kind: "rule", place: `${table} ${chain}`, text, owner, ...counters };
    });
  }
}

function savedRule(table: string, [, packets, bytes, chain = "", spec = ""]: RegExpExecArray): SavedRule {
  const counters = packets === undefined ? undefined : { packets: Number(packets), bytes: Number(bytes) };
  return { table, chain, spec, ...counters };
}
