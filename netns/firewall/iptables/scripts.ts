/** Input for iptables-restore. Pure. */
import type { Family } from "../checks.ts";
import type { Entry } from "../entries.ts";
import type { Delta } from "../ledger.ts";
import { chainsOf, constantRules, entrancesOf, TABLES, USER_CHAIN } from "./chains.ts";
import { type GroupChange, groupsOf, type PortGroup } from "./port-groups.ts";
import { comment, type IptablesRule, rulesOf, type TableName } from "./rules.ts";
import type { Saved } from "./saved.ts";

type Commented = IptablesRule & { readonly comment: string };

const commentedRules = (entries: readonly Entry[], family: Family): Commented[] =>
  entries
    .filter((entry) => entry.family === family)
    .flatMap((entry) => rulesOf(entry).map((rule) => ({ ...rule, comment: comment(entry.owner) })));

// The comment stands before the target: `-j DNAT` takes options after it.
const written = ({ spec, comment: text }: Commented): string => spec.replace(/(^| )(-[jg] )/, ` ${text} $2`).trim();
const added = (rule: Commented): string => `${rule.first ? "-I" : "-A"} ${rule.chain} ${written(rule)}`;
const deleted = (rule: Commented): string => `-D ${rule.chain} ${written(rule)}`;

/** Without `--noflush` it would replace whole tables. @returns "" when nothing of this family changes */
export function deltaScript({ add, remove }: Delta, family: Family, { opened, closed }: GroupChange): string {
  const additions = commentedRules(add, family);
  const removals = commentedRules(remove, family);
  const groups = (table: TableName, list: readonly PortGroup[]) => (table === "nat" ? list : []);
  return tables((table) => [
    ...groups(table, opened).map(declared),
    ...removals.filter((rule) => rule.table === table).map(deleted),
    ...additions.filter((rule) => rule.table === table).map(added),
    ...groups(table, opened).map(({ parent, spec }) => `-A ${parent} ${spec}`),
    ...groups(table, closed).map(({ parent, spec }) => `-D ${parent} ${spec}`),
    ...groups(table, closed).map(({ chain }) => `-X ${chain}`),
  ]);
}

/** A declaration also empties the chain. */
const declared = ({ chain }: Pick<PortGroup, "chain">): string => `:${chain} - [0:0]`;

/** Our chains with these entries and no others, and the ways into them at the top of the kernel's chains. */
export function replaceScript(entries: readonly Entry[], family: Family, saved: Saved): string {
  const rules = commentedRules(entries, family);
  const groups = groupsOf(entries, family);
  const isNeeded = (chain: string): boolean => groups.some((group) => group.chain === chain);
  return tables((table) => [
    ...chainsOf(table).map((chain) => declared({ chain })),
    ...saved.groupChains(table).map((chain) => declared({ chain })),
    ...(table === "nat" ? groups.filter(({ chain }) => !saved.hasChain("nat", chain)).map(declared) : []),
    ...(table === "filter" && !saved.hasChain(table, USER_CHAIN) ? [`:${USER_CHAIN} - [0:0]`] : []),
    ...saved.entrances(table).map(({ from, spec }) => `-D ${from} ${spec}`),
    ...entrancesOf(table)
      .toReversed()
      .map(({ from, spec }) => `-I ${from} ${spec}`),
    ...constantRules(table, family).map(({ chain, spec }) => `-A ${chain} ${spec}`),
    ...rules.filter((rule) => rule.table === table).map(added),
    ...(table === "nat" ? groups.map(({ parent, spec }) => `-A ${parent} ${spec}`) : []),
    ...saved.groupChains(table).flatMap((chain) => (isNeeded(chain) ? [] : `-X ${chain}`)),
  ]);
}

/** Fills the administrator's chain. @param rules as {@link Saved.userRules} gives them */
export const userScript = (rules: readonly string[]): string =>
  `*filter\n${rules.map((spec) => `-A ${USER_CHAIN} ${spec}\n`).join("")}COMMIT\n`;

/** Takes everything of ours away, but the administrator's chain. */
export function removeScript(saved: Saved): string {
  return tables((table) => {
    const chains = [...chainsOf(table).filter((chain) => saved.hasChain(table, chain)), ...saved.groupChains(table)];
    const entrances = saved.entrances(table).filter(({ spec }) => !spec.endsWith(` ${USER_CHAIN}`));
    return [
      ...chains.map((chain) => `:${chain} - [0:0]`),
      ...entrances.map(({ from, spec }) => `-D ${from} ${spec}`),
      ...chains.map((chain) => `-X ${chain}`),
    ];
  });
}

const tables = (linesOf: (table: TableName) => readonly string[]): string =>
  TABLES.map((table) => {
    const lines = linesOf(table);
    return lines.length === 0 ? "" : `*${table}\n${lines.join("\n")}\nCOMMIT\n`;
  }).join("");

/** How many rules each of our chains should hold, by `table chain`. */
export function ruleCounts(entries: readonly Entry[], family: Family): Map<string, number> {
  const counts = new Map<string, number>(
    TABLES.flatMap((table) => chainsOf(table).map((chain): [string, number] => [`${table} ${chain}`, 0])),
  );
  const count = (table: TableName, chain: string) =>
    counts.set(`${table} ${chain}`, (counts.get(`${table} ${chain}`) ?? 0) + 1);
  for (const table of TABLES) for (const { chain } of constantRules(table, family)) count(table, chain);
  for (const { table, chain } of commentedRules(entries, family)) count(table, chain);
  for (const { parent } of groupsOf(entries, family)) count("nat", parent);
  return counts;
}
