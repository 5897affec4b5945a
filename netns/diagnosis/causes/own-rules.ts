/** What is missing in our own nftables table: elements of networks and ports, and constant rules. */
import { constantRules, entrancesOf, TABLES } from "../../firewall/iptables/chains.ts";
import { groupOf } from "../../firewall/iptables/port-groups.ts";
import { type IptablesRule, rulesOf } from "../../firewall/iptables/rules.ts";
import { Saved } from "../../firewall/iptables/saved.ts";
import { ensureScript } from "../../firewall/nftables/table.ts";
import { bridgeNetworks, type WantedElement, wantedElements } from "../intended.ts";
import { type Ruleset, rulesetOf } from "../ruleset.ts";
import type { Cause, Finding, Fix, StateContext } from "../types/index.ts";
import { isTableGone } from "./firewall/115-own-table-gone.ts";
import { byHand, repaired } from "./fixes.ts";
import { found } from "./found.ts";

const [FAMILY, TABLE] = ["inet", "ctr"] as const;

/** What each code says of a lost part. */
const SENTENCES = {
  CTRN103: "traffic that is allowed may be dropped",
  CTRN109: "containers of one network may not reach each other",
  CTRN201: "containers reach nothing outside: they are not given the host's address",
  CTRN204: "a published port leads nowhere",
  CTRN207: "published ports are not reached",
  CTRN211: "containers cannot use their own published ports",
} as const;

type Code = keyof typeof SENTENCES;

export interface LostPart {
  readonly code: Code;
  /** `network front`, `container web`, `table inet ctr`. */
  readonly owner: string;
  /** Set or map, or chain. */
  readonly place: string;
  /** What is not there. */
  readonly text: string;
  /** Command that shows it, where that is not the listing of our table. */
  readonly source?: string;
  /** Whether anybody needs it now. */
  readonly used: boolean;
}

export const lostPartsFor = (context: StateContext, code: Code): readonly LostPart[] =>
  lostParts(context).filter((part) => part.code === code);

const known = new WeakMap<StateContext["snapshot"], readonly LostPart[]>();

function lostParts(context: StateContext): readonly LostPart[] {
  const before = known.get(context.snapshot);
  if (before !== undefined) return before;
  const parts = findLostParts(context);
  known.set(context.snapshot, parts);
  return parts;
}

/** A table that is gone as a whole is another cause. */
function findLostParts(context: StateContext): LostPart[] {
  const { snapshot, view } = context;
  const { firewallBackend, iptables } = snapshot.intent.settings;
  if (firewallBackend === "iptables") return iptables && !isTableGone(context) ? lostRulesOfIptables(context) : [];
  const ruleset = rulesetOf(view.host);
  const isOurs = firewallBackend === "nftables" && iptables && ruleset?.hasTable(FAMILY, TABLE) === true;
  if (ruleset === undefined || !isOurs || isTableGone(context)) return [];
  const isUsed = bridgeNetworks(snapshot).some(({ used }) => used);
  return [
    ...wantedElements(snapshot)
      .filter((element) => !isThere(ruleset, element))
      .map(lostElement),
    ...lostConstantRules(ruleset).map((part) => ({ ...part, used: isUsed })),
  ];
}

/** The same of the other backend: each entry is a rule of its own there. */
function lostRulesOfIptables({ snapshot, view }: StateContext): LostPart[] {
  const isUsed = bridgeNetworks(snapshot).some(({ used }) => used);
  return view.host.iptables
    .filter(({ text }) => /-A FORWARD .*CTR-FORWARD/.test(text))
    .flatMap(({ family, text }) => {
      const { rules } = new Saved(text);
      const present = new Set(rules.map(({ table, chain, spec }) => `${table} ${chain} ${plain(spec)}`));
      const isLost = ({ table, chain, spec }: Omit<IptablesRule, "first">): boolean =>
        !present.has(`${table} ${chain} ${plain(spec)}`);
      const part = { source: family === 6 ? "ip6tables-save" : "iptables-save" };
      const ofEntries = wantedElements(snapshot)
        .filter(({ entry }) => entry.family === family)
        .flatMap(({ entry, owner, used }) =>
          [...rulesOf(entry), ...wayInto(entry)].filter(isLost).map(({ chain, spec }) => ({
            ...part,
            ...{ code: codeOfElement(entry.kind), owner, place: `chain ${chain}`, text: spec, used },
          })),
        );
      const ofFrame = TABLES.flatMap((table) => [
        ...constantRules(table, family).map((rule) => ({ table, ...rule })),
        ...entrancesOf(table).map(({ from, spec }) => ({ table, chain: from, spec })),
      ])
        .filter(isLost)
        .map(({ chain, spec }) => ({
          ...part,
          ...{
            code: codeOfRule(chain, spec),
            owner: "all networks",
            place: `chain ${chain}`,
            text: spec,
            used: isUsed,
          },
        }));
      return [...ofEntries, ...ofFrame];
    });
}

/** The rule that leads to the chain that a published port is in. */
function wayInto(entry: WantedElement["entry"]): IptablesRule[] {
  if (entry.kind !== "hostPort") return [];
  const { parent, spec } = groupOf(entry);
  return [{ table: "nat", chain: parent, spec }];
}

/**
 * Options in an order of their own, since the kernel has another one than we write; without comments, which are in the words of
 * whoever made the rule, and without the prefix of a single address.
 */
const plain = (spec: string): string =>
  spec
    .replace(/-m comment --comment (?:"[^"]*"|\S+) ?/, "")
    .replaceAll(/\/(?:32|128)(?=\s|$)/g, "")
    .split(/(?<!!)\s+(?=(?:! )?-)/)
    .sort()
    .join(" ");

/** What goes with a rule that is there for all. */
function codeOfRule(chain: string, spec: string): Code {
  if (/CTR-(?:ADDRESS-)?PORTS|CTR-DNAT/.test(spec)) return "CTRN204";
  if (spec.includes("CTR-PAIRS")) return "CTRN109";
  if (chain === "CTR-CROSSING" && spec.includes("DNAT")) return "CTRN207";
  if (/CTR-LEAVING|CTR-POST/.test(spec)) return "CTRN201";
  return chain === "CTR-INTO" ? "CTRN211" : "CTRN103";
}

const isThere = (ruleset: Ruleset, { collection, key }: WantedElement): boolean =>
  ruleset.elements(FAMILY, TABLE, collection)?.some((element) => element.key === key) ?? false;

function lostElement({ collection, key, value, owner, used, entry }: WantedElement): LostPart {
  const text = value === undefined ? key : `${key} : ${value}`;
  return { code: codeOfElement(entry.kind), owner, place: collection, text, used };
}

function codeOfElement(kind: WantedElement["entry"]["kind"]): Code {
  if (kind === "masquerade" || kind === "snat") return "CTRN201";
  if (kind === "hostPort") return "CTRN204";
  if (kind === "pair") return "CTRN109";
  return kind === "subnet" ? "CTRN211" : "CTRN103";
}

/** Rules by what they do, where the loss of one has a name of its own. */
const MARKS: readonly { readonly chain: string; readonly mark: RegExp; readonly code: Code }[] = [
  { chain: "postrouting", mark: /@masq4/, code: "CTRN201" },
  { chain: "postrouting", mark: /@masq6/, code: "CTRN201" },
  { chain: "hostports", mark: /@hp4"/, code: "CTRN204" },
  { chain: "hostports", mark: /@hp4addr/, code: "CTRN204" },
  { chain: "hostports", mark: /@hp6"/, code: "CTRN204" },
  { chain: "hostports", mark: /@hp6addr/, code: "CTRN204" },
  { chain: "prerouting", mark: /hostports/, code: "CTRN204" },
  { chain: "output", mark: /hostports/, code: "CTRN204" },
  { chain: "crossing", mark: /"dnat".*"accept"/, code: "CTRN207" },
  { chain: "forward", mark: /@pairs"/, code: "CTRN109" },
  { chain: "into", mark: /@subnets4/, code: "CTRN211" },
  { chain: "into", mark: /@subnets6/, code: "CTRN211" },
  { chain: "postrouting", mark: /"target":"into"/, code: "CTRN211" },
];

function lostConstantRules(ruleset: Ruleset): Omit<LostPart, "used">[] {
  return constantChains().flatMap(({ name, count }) => {
    const present = ruleset.chain(FAMILY, TABLE, name)?.rules ?? [];
    if (present.length >= count) return [];
    const marked = MARKS.filter(({ chain, mark }) => chain === name && !present.some(({ json }) => mark.test(json)));
    const part = { owner: `table ${FAMILY} ${TABLE}`, place: `chain ${name}` };
    const unnamed = { ...part, code: "CTRN103" as const, text: `${count - present.length} of ${count} rules` };
    return marked.length === 0
      ? [unnamed]
      : marked.map(({ code, mark }) => ({
          ...part,
          code,
          text: `the rule with ${mark.source.replaceAll(/[\\"]|\.\*/g, " ").trim()}`,
        }));
  });
}

/** Chains that the engine writes, with the number of their rules. */
function constantChains(): { readonly name: string; readonly count: number }[] {
  const [, , body = ""] = ensureScript().split(/^table inet ctr \{\n/m);
  return [...body.matchAll(/^ {2}chain (\w+) \{\n([^}]*(?:\}[^\n]+\n[^}]*)*)^ {2}\}/gm)].map(
    ([, name = "", lines = ""]) => ({
      name,
      count: lines.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("type ")).length,
    }),
  );
}

/** What is to be done for rules of ours that are not there. */
export const rulesFix = ({ intent }: StateContext["snapshot"]): Fix =>
  intent.settings.iptables
    ? repaired("Writes all rules of ctr again.")
    : byHand("ctr makes no rules (iptables is false in daemon.json): they are yours to write.", [
        "nft",
        "list",
        "ruleset",
      ]);

/** One finding for each owner. */
export function lostRules(cause: Cause, parts: readonly LostPart[]): Finding[] {
  const owners = Map.groupBy(parts, ({ owner }) => owner);
  return [...owners].map(([owner, own]) =>
    found(cause, undefined, {
      object: owner.startsWith("table") ? owner : `${wordsOf(own)}, rules of ${owner}`,
      title: `A rule of ctr's for ${owner} is gone: ${SENTENCES[cause.code as Code]}.`,
      explanation: "Somebody has changed the rules of ctr. The engine writes them again by itself while it runs.",
      severity: own.some(({ used }) => used) ? cause.severity : "warning",
      evidence: own.map(({ place, text, source = `nft list table ${FAMILY} ${TABLE}` }) => ({
        source,
        value: `${place} lacks ${text}`,
      })),
      fix: repaired("Writes all rules of ctr again."),
    }),
  );
}

const wordsOf = (parts: readonly LostPart[]): string =>
  parts.some(({ source }) => source !== undefined) ? "chains CTR-… of iptables" : `table ${FAMILY} ${TABLE}`;
