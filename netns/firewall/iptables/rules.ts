/** Renders entries as rules, each in a chain of ours that holds nothing else. Pure. */
import { type Family, safeComment } from "../checks.ts";
import type { Entry, EntryOf } from "../entries.ts";
import { groupOf } from "./port-groups.ts";

export type TableName = "raw" | "nat" | "filter";

export interface IptablesRule {
  readonly table: TableName;
  readonly chain: string;
  /** Matches and target, without the comment. */
  readonly spec: string;
  /** It stands before the chain's constant rule. */
  readonly first?: boolean;
}

export function rulesOf(entry: Entry): IptablesRule[] {
  const { family } = entry;
  switch (entry.kind) {
    case "bridge":
      return rulesOfBridge(entry.bridge, family);
    case "closed":
      return bothWays("CTR-CLOSED", entry.bridge);
    case "internal":
      return rulesOfInternal(entry);
    case "routed":
      return [filter("CTR-OPEN", `-o ${entry.bridge} -p ${family === 4 ? "icmp" : "ipv6-icmp"} -j ACCEPT`)];
    case "unprotected":
      return [filter("CTR-OPEN", `-o ${entry.bridge} -j ACCEPT`)];
    case "pair":
      return [filter("CTR-PAIRS", `-i ${entry.from} -o ${entry.to} -j ACCEPT`)];
    case "subnet":
      return [nat("CTR-INTO", `-s ${entry.subnet} -j MASQUERADE`)];
    case "masquerade":
      return [nat("CTR-LEAVING", `-s ${entry.subnet} -j MASQUERADE`)];
    case "snat":
      return [nat("CTR-LEAVING", `-s ${entry.subnet} -j SNAT --to-source ${entry.source}`)];
    case "hostPort":
      return [ruleOfHostPort(entry)];
    case "open":
      return [filter("CTR-OPEN", `${when("-i", entry.from)}-d ${entry.address} ${service(entry)} -j ACCEPT`)];
    case "grant":
      return [ruleOfGrant(entry)];
  }
}

function rulesOfBridge(bridge: string, family: Family): IptablesRule[] {
  const rules: IptablesRule[] = [
    ...["-i", "-o"].map((side) => filter("CTR-FORWARD", `${side} ${bridge} -j CTR-CROSSING`)),
    filter("CTR-UNPUBLISHED", `-o ${bridge} -j DROP`),
    { ...nat("CTR-POST", `-o ${bridge} -g CTR-INTO`), first: true },
  ];
  if (family === 4) rules.push({ table: "raw", chain: "CTR-GUARD", spec: `-i ${bridge} -s 127.0.0.0/8 -j DROP` });
  return rules;
}

function rulesOfInternal({ bridge, subnet }: EntryOf<"internal">): IptablesRule[] {
  const closed = bothWays("CTR-INTERNAL", bridge);
  if (subnet === undefined) return closed;
  return [...closed, { ...nat("CTR-INTO", `! -s ${subnet} -o ${bridge} -j MASQUERADE`), first: true }];
}

const bothWays = (chain: string, bridge: string): IptablesRule[] =>
  ["-i", "-o"].map((side) => filter(chain, `${side} ${bridge} -j DROP`));

function ruleOfHostPort(entry: EntryOf<"hostPort">): IptablesRule {
  const { family, hostIp, target } = entry;
  const address = family === 4 ? target.address : `[${target.address}]`;
  return nat(
    groupOf(entry).chain,
    `${when("-d", hostIp)}${service(entry)} -j DNAT --to-destination ${address}:${target.port}`,
  );
}

function ruleOfGrant({ from, to, service: asked }: EntryOf<"grant">): IptablesRule {
  const ends = `-i ${from.bridge} ${when("-s", from.address)}-o ${to.bridge} ${when("-d", to.address)}`;
  return filter("CTR-GRANTS", `${ends}${asked === undefined ? "" : `${service(asked)} `}-j ACCEPT`);
}

const filter = (chain: string, spec: string): IptablesRule => ({ table: "filter", chain, spec });
const nat = (chain: string, spec: string): IptablesRule => ({ table: "nat", chain, spec });
const when = (option: string, value: string | undefined): string => (value === undefined ? "" : `${option} ${value} `);
const service = ({ protocol, port }: { readonly protocol: string; readonly port: number }): string =>
  `-p ${protocol} -m ${protocol} --dport ${port}`;

export const comment = (owner: string): string => `-m comment --comment "${safeComment(owner)}"`;
