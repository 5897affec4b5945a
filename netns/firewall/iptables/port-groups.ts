/**
 * Published ports stand in chains of 64 port numbers each, which are there while they hold a rule. iptables-nft reads the
 * whole chain that it deletes a rule from (67 ms of 5 000 rules, 4 ms of 64), and a packet that opens a connection passes one
 * rule a group and those of its own, in place of all. Pure, but for the counts that it keeps.
 */
import type { Family } from "../checks.ts";
import type { Entry, EntryOf } from "../entries.ts";
import type { Delta } from "../ledger.ts";

/** Ports of one number range, protocol and family, on all host addresses or on single ones. */
export interface PortGroup {
  readonly family: Family;
  readonly chain: string;
  /** Chain that leads to it. */
  readonly parent: string;
  /** The rule there. */
  readonly spec: string;
}

const SIZE = 64;
const CHAIN = /^CTR-[AP]-(?:tcp|udp|sctp)-\d+$/;

export const isGroupChain = (chain: string): boolean => CHAIN.test(chain);

export function groupOf({ family, protocol, port, hostIp }: EntryOf<"hostPort">): PortGroup {
  const first = port - (port % SIZE);
  const [parent, letter] = hostIp === undefined ? ["CTR-PORTS", "P"] : ["CTR-ADDRESS-PORTS", "A"];
  const chain = `CTR-${letter}-${protocol}-${first}`;
  const range = `${first}:${first + SIZE - 1}`;
  return { family, chain, parent, spec: `-p ${protocol} -m ${protocol} --dport ${range} -g ${chain}` };
}

/** Each once. */
export function groupsOf(entries: readonly Entry[], family: Family): PortGroup[] {
  const groups = entries.filter(isHostPort).map(groupOf);
  return [...new Map(groups.filter((group) => group.family === family).map((group) => [group.chain, group])).values()];
}

/** Groups that get their first rule by a change, and those that lose their last one. */
export interface GroupChange {
  readonly opened: readonly PortGroup[];
  readonly closed: readonly PortGroup[];
}

/** How many rules each group holds. */
export class PortGroups {
  /** By family and chain. */
  #counts = new Map<string, number>();

  reset(entries: readonly Entry[]): void {
    this.#counts = new Map();
    this.commit({ add: entries, remove: [] });
  }

  /** What a former run has left. */
  add(family: Family, chain: string): void {
    this.#change(`${family} ${chain}`, 1);
  }

  commit({ add, remove }: Delta): void {
    for (const entry of add) if (isHostPort(entry)) this.#change(keyOf(groupOf(entry)), 1);
    for (const entry of remove) if (isHostPort(entry)) this.#change(keyOf(groupOf(entry)), -1);
  }

  /** What `delta` will do. */
  changeOf({ add, remove }: Delta, family: Family): GroupChange {
    const touched = groupsOf([...add, ...remove], family).map((group) => {
      const size = (entries: readonly Entry[]) =>
        entries.filter((entry) => isHostPort(entry) && keyOf(groupOf(entry)) === keyOf(group)).length;
      const before = this.#counts.get(keyOf(group)) ?? 0;
      return { group, before, after: before + size(add) - size(remove) };
    });
    return {
      opened: touched.filter(({ before, after }) => before === 0 && after > 0).map(({ group }) => group),
      closed: touched.filter(({ before, after }) => before > 0 && after <= 0).map(({ group }) => group),
    };
  }

  #change(key: string, by: number): void {
    const count = (this.#counts.get(key) ?? 0) + by;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}

const isHostPort = (entry: Entry): entry is EntryOf<"hostPort"> => entry.kind === "hostPort";
const keyOf = ({ family, chain }: PortGroup): string => `${family} ${chain}`;
