/**
 * Finds what others do to the packets we accept. A verdict of ours holds for our table only: a packet also passes every
 * other chain at the same hook, and one drop is enough.
 */
import { parseAttributes, readText } from "../../netlink/codec.ts";
import { type ChainFacts, listItems, type RuleFacts } from "./kernel-view.ts";

/** NF_INET_* */
const FORWARD = 2;
const NF_DROP = 0;
/** NFTA_* */
const Expression = { name: 1, data: 2 } as const;
const IMMEDIATE_DATA = 2;
const DATA_VERDICT = 2;
const VERDICT_CODE = 1;

const FAMILIES_OF_IP = new Set(["inet", "ip", "ip6"]);
/** Expressions that do not choose: a rule of these and a verdict is for every packet. */
const NOT_A_CONDITION = new Set(["counter", "log", "immediate", "reject"]);

/**
 * Base chains of others at the forward hook that end in a drop: by policy, or by a last rule for every packet. Whether
 * an earlier rule of theirs accepts our packets is not found out.
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
    const place = `table ${familyName} ${table}, chain ${name}`;
    if (base.policy === NF_DROP) return `${place}: policy drop`;
    const last = rules(family, table).findLast((rule) => rule.chain === name);
    const verdict = last === undefined ? undefined : refusalOfAll(last.expressions);
    return verdict === undefined ? [] : `${place}: its last rule is ${verdict}`;
  });
}

export const isOurTable = ({ familyName, table }: ChainFacts): boolean => familyName === "inet" && table === "ctr";

/** @returns `drop` or `reject` for a rule that refuses every packet */
function refusalOfAll(expressions: Buffer): string | undefined {
  const parts = listItems(expressions).map((item) => parseAttributes(item));
  const names = parts.map((part) => readText(part.get(Expression.name)));
  if (!names.every((name) => NOT_A_CONDITION.has(name))) return undefined;
  if (names.includes("reject")) return "reject";
  return parts.some((part) => isDrop(part.get(Expression.data))) ? "drop" : undefined;
}

function isDrop(data: Buffer | undefined): boolean {
  if (data === undefined) return false;
  const value = parseAttributes(data).get(IMMEDIATE_DATA);
  const verdict = value === undefined ? undefined : parseAttributes(value).get(DATA_VERDICT);
  const code = verdict === undefined ? undefined : parseAttributes(verdict).get(VERDICT_CODE);
  return code?.readInt32BE() === NF_DROP;
}
