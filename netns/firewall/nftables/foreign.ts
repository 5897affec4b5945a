/**
 * Finds what others do to the packets we accept. A verdict of ours holds for our table only: a packet also passes every
 * other chain at the same hook, and one drop is enough.
 */
import { parseAttributes, readText } from "../../netlink/codec.ts";
import { type ChainFacts, listItems, type RuleFacts } from "./kernel-view.ts";

/** NF_INET_* */
const FORWARD = 2;
const NF_DROP = 0;
const NF_ACCEPT = 1;
/** NFTA_* */
const Expression = { name: 1, data: 2 } as const;
const IMMEDIATE_DATA = 2;
const TARGET_NAME = 1;
const DATA_VERDICT = 2;
const VERDICT_CODE = 1;

const FAMILIES_OF_IP = new Set(["inet", "ip", "ip6"]);
/** Expressions that do not choose: a rule of these and a verdict is for every packet. */
const NOT_A_CONDITION = new Set(["counter", "log", "immediate", "reject", "target"]);

/**
 * Base chains of others at the forward hook that drop what comes to their end: by policy, or by a rule for every packet.
 * Whether an earlier rule of theirs accepts our packets is not found out.
 * @param rules of a table
 * @param isOurs tables and chains that are not others'
 */
export function foreignDrops(
  chains: readonly ChainFacts[],
  rules: (family: number, table: string) => readonly RuleFacts[],
  isOurs: (chain: ChainFacts) => boolean = isOurTable,
): string[] {
  return chains.flatMap((chain) => {
    const { base, family, familyName, table, name } = chain;
    if (base?.type !== "filter" || base.hook !== FORWARD || !FAMILIES_OF_IP.has(familyName) || isOurs(chain)) return [];
    const own = rules(family, table).filter((rule) => rule.chain === name);
    const verdict = own
      .values()
      .map(verdictOnAll)
      .find((found) => found !== undefined);
    const place = `table ${familyName} ${table}, chain ${name}`;
    if (verdict === undefined) return base.policy === NF_DROP ? [`${place}: policy drop`] : [];
    return verdict === "accept" ? [] : [`${place}: ${verdict} for every packet`];
  });
}

export const isOurTable = ({ familyName, table }: ChainFacts): boolean => familyName === "inet" && table === "ctr";

/** @returns undefined for a rule that chooses packets, or leads on */
function verdictOnAll({ expressions }: RuleFacts): "accept" | "drop" | "reject" | undefined {
  const parts = listItems(expressions).map((item) => parseAttributes(item));
  const names = parts.map((part) => readText(part.get(Expression.name)));
  const targets = parts.filter((_, at) => names[at] === "target").map(targetName);
  if (!names.every((name) => NOT_A_CONDITION.has(name)) || targets.some((name) => name !== "REJECT")) return undefined;
  if (names.includes("reject") || targets.includes("REJECT")) return "reject";
  const codes = parts
    .filter((_, at) => names[at] === "immediate")
    .map((part) => verdictCode(part.get(Expression.data)));
  if (codes.includes(NF_DROP)) return "drop";
  return codes.includes(NF_ACCEPT) ? "accept" : undefined;
}

/** iptables in nft mode writes REJECT as a target of its own. */
function targetName(part: ReadonlyMap<number, Buffer>): string {
  const data = part.get(Expression.data);
  return data === undefined ? "" : readText(parseAttributes(data).get(TARGET_NAME));
}

function verdictCode(data: Buffer | undefined): number | undefined {
  const value = data === undefined ? undefined : parseAttributes(data).get(IMMEDIATE_DATA);
  const verdict = value === undefined ? undefined : parseAttributes(value).get(DATA_VERDICT);
  return verdict === undefined ? undefined : parseAttributes(verdict).get(VERDICT_CODE)?.readInt32BE();
}
