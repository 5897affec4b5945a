/**
 * The constant part: our chains, and the rules that lead into them and from one to the other. It says what the chains
 * of `inet ctr` say (see nftables/table.ts, also for the reasons), with a chain in the place of each set. Chains of
 * rules are searched one after the other, as Docker's are; those of published ports are in groups, see port-groups.ts.
 */
import type { Family } from "../checks.ts";
import type { TableName } from "./rules.ts";

/** The administrator's own chain: it is made, and never touched again. */
export const USER_CHAIN = "CTR-USER";

export const TABLES: readonly TableName[] = ["raw", "nat", "filter"];

interface ConstantChain {
  readonly name: string;
  /** For both families, or for one. */
  readonly rules: readonly (string | { readonly family: Family; readonly spec: string })[];
}

export interface Entrance {
  /** Chain of the kernel's. */
  readonly from: string;
  readonly spec: string;
}

const only = (family: Family, spec: string) => ({ family, spec });
const empty = (name: string): ConstantChain => ({ name, rules: [] });

const CHAINS: Readonly<Record<TableName, readonly ConstantChain[]>> = {
  raw: [{ name: "CTR-GUARD", rules: [only(4, "! -i lo -d 127.0.0.0/8 -j DROP")] }],
  nat: [
    empty("CTR-ADDRESS-PORTS"),
    empty("CTR-PORTS"),
    {
      name: "CTR-DNAT",
      rules: [
        only(6, "-d ::1/128 -j RETURN"),
        only(6, "-s fe80::/10 -j RETURN"),
        "-j CTR-ADDRESS-PORTS",
        "-j CTR-PORTS",
      ],
    },
    {
      name: "CTR-INTO",
      rules: ["-m conntrack ! --ctstate DNAT -j RETURN", only(4, "-s 127.0.0.0/8 -j MASQUERADE")],
    },
    {
      name: "CTR-LEAVING",
      rules: ["-o lo -j RETURN", only(4, "-d 224.0.0.0/4 -j RETURN"), only(6, "-d ff00::/8 -j RETURN")],
    },
    // A bridge's rule is a goto: CTR-INTO returns to POSTROUTING, and what goes into a network of ours does not leave.
    { name: "CTR-POST", rules: ["-j CTR-LEAVING"] },
  ],
  filter: [
    empty("CTR-PAIRS"),
    empty("CTR-CLOSED"),
    empty("CTR-GRANTS"),
    empty("CTR-INTERNAL"),
    empty("CTR-OPEN"),
    empty("CTR-UNPUBLISHED"),
    {
      name: "CTR-CROSSING",
      rules: [
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-j CTR-PAIRS",
        only(6, "-p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT"),
        only(6, "-p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT"),
        "-m conntrack --ctstate INVALID -j DROP",
        "-j CTR-CLOSED",
        "-j CTR-GRANTS",
        "-j CTR-INTERNAL",
        "-m conntrack --ctstate DNAT -j ACCEPT",
        "-j CTR-OPEN",
        "-j CTR-UNPUBLISHED",
        "-j ACCEPT",
      ],
    },
    empty("CTR-FORWARD"),
  ],
};

/** In the order that they stand in at the top of the kernel's chains. */
const ENTRANCES: Readonly<Record<TableName, readonly Entrance[]>> = {
  raw: [{ from: "PREROUTING", spec: "-j CTR-GUARD" }],
  nat: [
    { from: "PREROUTING", spec: "-m addrtype --dst-type LOCAL -j CTR-DNAT" },
    { from: "OUTPUT", spec: "-m addrtype --dst-type LOCAL -j CTR-DNAT" },
    { from: "POSTROUTING", spec: "-j CTR-POST" },
  ],
  filter: [
    { from: "FORWARD", spec: `-j ${USER_CHAIN}` },
    { from: "FORWARD", spec: "-j CTR-FORWARD" },
  ],
};

export const chainsOf = (table: TableName): readonly string[] => CHAINS[table].map(({ name }) => name);
export const entrancesOf = (table: TableName): readonly Entrance[] => ENTRANCES[table];

/** The constant rules of one table, with their chains. */
export const constantRules = (table: TableName, family: Family): { readonly chain: string; readonly spec: string }[] =>
  CHAINS[table].flatMap(({ name: chain, rules }) =>
    rules.flatMap((rule) => {
      if (typeof rule === "string") return { chain, spec: rule };
      return rule.family === family ? { chain, spec: rule.spec } : [];
    }),
  );
