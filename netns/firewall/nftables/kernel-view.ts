/**
 * Looks at nf_tables in the kernel without nft: its generation number, which every transaction of anybody's raises, and
 * the names, handles and sizes of what is there. A request takes microseconds, a dump of our table a tenth of a
 * millisecond, whatever the number of elements. Source of the numbers: linux/netfilter/nf_tables.h
 */
import { concat, parseAttributes, readText, text } from "../../netlink/codec.ts";
import { NETLINK_NETFILTER } from "../../netlink/constants.ts";
import { NetlinkError, NetlinkSocket } from "../../netlink/transport.ts";
import type { Entry } from "../entries.ts";
import { elementOf } from "./elements.ts";
import { isOurs, USER_CHAIN } from "./table.ts";

const NFNL_SUBSYS_NFTABLES = 10;
/** NFT_MSG_* */
const Request = { getTable: 1, getChain: 4, getRule: 7, getSet: 10, getElements: 13, getGeneration: 16 } as const;
/** NFTA_* */
const GENERATION_ID = 1;
const Table = { name: 1, flags: 2 } as const;
const Chain = { table: 1, name: 3, hook: 4, policy: 5, type: 7 } as const;
const Rule = { table: 1, chain: 2, handle: 3, expressions: 4 } as const;
const NfSet = { table: 1, name: 2, count: 20 } as const;
const Elements = { table: 1, set: 2, elements: 3 } as const;
const Hook = { number: 1, priority: 2 } as const;
/** NFT_TABLE_F_DORMANT */
const DORMANT = 1;

/** NFPROTO_* */
const FAMILY_NAMES: Readonly<Record<number, string>> = {
  1: "inet",
  2: "ip",
  5: "netdev",
  3: "arp",
  7: "bridge",
  10: "ip6",
};
const NFPROTO_INET = 1;
const UNSPECIFIED = 0;
const OUR_TABLE = "ctr";

export interface ChainFacts {
  readonly family: number;
  /** Of the family, as nft writes it: `ip6`. */
  readonly familyName: string;
  readonly table: string;
  readonly name: string;
  /** Set for base chains. `hook` is NF_INET_*; `policy` NF_DROP (0) or NF_ACCEPT (1). */
  readonly base?: { readonly type: string; readonly hook: number; readonly priority: number; readonly policy: number };
}

export interface RuleFacts {
  readonly chain: string;
  readonly handle: bigint;
  /** NFTA_RULE_EXPRESSIONS, undecoded. */
  readonly expressions: Buffer;
}

export class KernelView implements Disposable {
  readonly #netlink: NetlinkSocket;
  /** Generation that our own changes have led to; undefined when nothing is known. */
  #expected: number | undefined;
  /** Chains and handles of our constant rules. The kernel never gives a handle twice. */
  #rules = "";

  private constructor(netlink: NetlinkSocket) {
    this.#netlink = netlink;
  }

  /** Looks at the thread's present network namespace, also later. */
  static open(): KernelView {
    return new KernelView(NetlinkSocket.open(NETLINK_NETFILTER));
  }

  /** Call it when the constant rules were written: they are what they should be. */
  remember(): void {
    this.#expected = this.generation();
    this.#rules = this.#constantRules();
  }

  /** Call it after each transaction of our own: it raised the generation by one. Other's changes do not hide behind it. */
  expectOwnChange(): void {
    if (this.#expected !== undefined) this.#expected = (this.#expected + 1) >>> 0;
  }

  /** @returns whether our constant rules are as they were remembered, and our sets hold as many elements as these */
  check(entries: () => readonly Entry[]): boolean {
    const generation = this.generation();
    if (generation === this.#expected) return true;
    if (!this.#isWhole(entries())) return false;
    this.#expected = generation;
    return true;
  }

  generation(): number {
    const [answer] = this.#ask("read the firewall's generation", Request.getGeneration, header(UNSPECIFIED));
    return readBigEndian(answer === undefined ? undefined : parseAttributes(answer, HEADER).get(GENERATION_ID));
  }

  /** Whether the namespace has any table, of whatever family. */
  hasTables(): boolean {
    return this.#netlink.dump("list tables", type(Request.getTable), header(UNSPECIFIED)).length > 0;
  }

  /** All chains of the namespace. */
  chains(): ChainFacts[] {
    return this.#netlink.dump("list chains", type(Request.getChain), header(UNSPECIFIED)).map((payload) => {
      const attributes = parseAttributes(payload, HEADER);
      const family = payload[0] ?? 0;
      const hook = attributes.get(Chain.hook);
      return {
        family,
        familyName: FAMILY_NAMES[family] ?? String(family),
        table: readText(attributes.get(Chain.table)),
        name: readText(attributes.get(Chain.name)),
        ...(hook === undefined ? undefined : { base: baseOf(hook, attributes) }),
      };
    });
  }

  /**
   * A sign that changes with the administrator's rules: their handles, which the kernel never gives twice.
   * @returns undefined when his chain is not there; empty when it is empty
   */
  userRules(): string | undefined {
    const payload = concat([header(NFPROTO_INET), text(Chain.table, OUR_TABLE), text(Chain.name, USER_CHAIN)]);
    try {
      this.#ask("look at the administrator's chain", Request.getChain, payload);
    } catch (error) {
      if (error instanceof NetlinkError && error.code === "ENOENT") return undefined;
      throw error;
    }
    const own = this.rules(NFPROTO_INET, OUR_TABLE).filter(({ chain }) => chain === USER_CHAIN);
    return own.map(({ handle }) => handle).join(" ");
  }

  /** Rules of one table, in order. */
  rules = (family: number, table: string): RuleFacts[] => {
    const payload = concat([header(family), text(Rule.table, table)]);
    return this.#netlink.dump("list rules", type(Request.getRule), payload).flatMap((answer) => {
      const attributes = parseAttributes(answer, HEADER);
      // Kernels before 4.18 do not filter by table.
      if (readText(attributes.get(Rule.table)) !== table) return [];
      return {
        chain: readText(attributes.get(Rule.chain)),
        handle: attributes.get(Rule.handle)?.readBigUInt64BE() ?? 0n,
        expressions: attributes.get(Rule.expressions) ?? Buffer.alloc(0),
      };
    });
  };

  [Symbol.dispose](): void {
    this.#netlink[Symbol.dispose]();
  }

  #isWhole(entries: readonly Entry[]): boolean {
    try {
      return !this.#isDormant() && this.#constantRules() === this.#rules && this.#haveElements(entries);
    } catch (error) {
      if (error instanceof NetlinkError && error.code === "ENOENT") return false;
      throw error;
    }
  }

  #isDormant(): boolean {
    const payload = concat([header(NFPROTO_INET), text(Table.name, OUR_TABLE)]);
    const [answer] = this.#ask("look at our table", Request.getTable, payload);
    const flags = readBigEndian(answer === undefined ? undefined : parseAttributes(answer, HEADER).get(Table.flags));
    return (flags & DORMANT) !== 0;
  }

  #constantRules(): string {
    return this.rules(NFPROTO_INET, OUR_TABLE)
      .filter(({ chain }) => chain !== USER_CHAIN && isOurs(chain))
      .map(({ chain, handle }) => `${chain} ${handle}`)
      .join("\n");
  }

  #haveElements(entries: readonly Entry[]): boolean {
    const wanted = new Map<string, number>();
    const sameCount = ([name, count]: readonly [string, number]) => count === (wanted.get(name) ?? 0);
    for (const entry of entries) {
      const { collection } = elementOf(entry);
      wanted.set(collection, (wanted.get(collection) ?? 0) + 1);
    }
    const sizes = this.#setSizes();
    return [...wanted.keys()].every((name) => sizes.has(name)) && sizes.entries().every(sameCount);
  }

  #setSizes(): Map<string, number> {
    const payload = concat([header(NFPROTO_INET), text(NfSet.table, OUR_TABLE)]);
    const answers = this.#netlink.dump("list our sets", type(Request.getSet), payload);
    return new Map(
      answers.flatMap((answer): [string, number][] => {
        const attributes = parseAttributes(answer, HEADER);
        const name = readText(attributes.get(NfSet.name));
        // The administrator's, and those that are written within a rule.
        if (!isOurs(name)) return [];
        const count = attributes.get(NfSet.count);
        return [[name, count === undefined ? this.countElements(name) : readBigEndian(count)]];
      }),
    );
  }

  /**
   * Elements of a set of ours, one by one: for kernels that do not say how many there are. Ends of intervals are elements
   * too, but are flagged.
   */
  countElements(name: string): number {
    const payload = concat([header(NFPROTO_INET), text(Elements.table, OUR_TABLE), text(Elements.set, name)]);
    const answers = this.#netlink.dump("count elements", type(Request.getElements), payload);
    return answers.reduce((sum, answer) => sum + countIn(parseAttributes(answer, HEADER).get(Elements.elements)), 0);
  }

  #ask(operation: string, request: number, payload: Buffer): Buffer[] {
    return this.#netlink.request(operation, type(request), 0, payload);
  }
}

/** struct nfgenmsg: family, version, resource */
const HEADER = 4;
const header = (family: number): Buffer => Buffer.from([family, 0, 0, 0]);
const type = (request: number): number => (NFNL_SUBSYS_NFTABLES << 8) | request;
const readBigEndian = (value: Buffer | undefined): number => value?.readUInt32BE() ?? 0;

function baseOf(hook: Buffer, attributes: ReadonlyMap<number, Buffer>) {
  const { number, priority } = Hook;
  const parts = parseAttributes(hook);
  return {
    type: readText(attributes.get(Chain.type)),
    hook: readBigEndian(parts.get(number)),
    priority: parts.get(priority)?.readInt32BE() ?? 0,
    policy: attributes.get(Chain.policy)?.readUInt32BE() ?? 1,
  };
}

/** NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END */
const ELEMENT_FLAGS = 3;
const INTERVAL_END = 1;

/** Elements of a list, without those that end an interval. */
const countIn = (list: Buffer | undefined): number =>
  list === undefined
    ? 0
    : listItems(list).filter((item) => (readBigEndian(parseAttributes(item).get(ELEMENT_FLAGS)) & INTERVAL_END) === 0)
        .length;

/** Attributes of a list in order, whatever their type. */
export function listItems(list: Buffer): Buffer[] {
  const items: Buffer[] = [];
  for (let at = 0; at + 4 <= list.length; ) {
    const length = list.readUInt16LE(at);
    if (length < 4 || at + length > list.length) break;
    items.push(list.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return items;
}
