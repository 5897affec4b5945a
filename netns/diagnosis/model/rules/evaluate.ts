/**
 * Takes a packet through a base chain. Where a rule may or may not hold both ways are followed at once: what comes out is
 * the list of all ways in which the packet can end here. The cost does not grow with the number of doubts, since the
 * packet itself is the same on each way: what a doubtful rule would write into it becomes unknown.
 */
import { both } from "./certainty.ts";
import type { BaseChain, Certainty, Chain, Ending, Rule, RuleContext, Verdict } from "./types.ts";

/** As the kernel's limit of jumps, NFT_JUMP_STACK_SIZE. */
const DEEPEST = 16;

/** @returns at least one; the policy last, where the packet can come so far */
export function evaluate(base: BaseChain, context: RuleContext): readonly Ending[] {
  const endings: Ending[] = [];
  const chain = base.find(base.chain);
  const passes = chain === undefined ? "yes" : follow(base, chain, context, "yes", endings, 0);
  if (passes !== "no") {
    endings.push({ verdict: { kind: base.policy }, certainty: passes, rule: undefined, chain: base.chain });
  }
  return endings;
}

/**
 * @param entry whether the packet comes into this chain at all
 * @returns whether a packet that came in gets to its end or returns
 */
function follow(
  base: BaseChain,
  chain: Chain,
  context: RuleContext,
  entry: Certainty,
  endings: Ending[],
  depth: number,
): Certainty {
  const before = endings.length;
  let staying: Certainty = "yes";
  let returns = false;
  for (const rule of chain.rules) {
    const { holds, verdict } = apply({ rule, chain: chain.name }, context, both(entry, staying));
    if (holds === "no" || verdict === undefined || verdict.kind === "continue") continue;
    const arrives = both(both(entry, staying), holds);
    const passes = act(base, { rule, chain, verdict }, context, arrives, endings, depth);
    if (passes === "return") returns = true;
    if (passes !== "stay") staying = both(staying, remaining(holds, passes === "return" ? "no" : passes));
    if (staying === "no") break;
  }
  const added = endings.slice(before);
  if (added.length === 0) return "yes";
  if (staying === "no" && !returns) return "no";
  return added.some(({ certainty }) => certainty === "unknown") || staying === "unknown" ? "unknown" : "sometimes";
}

/** Whether a packet goes on to the next rule, when this one holds so surely and lets it pass so surely. */
function remaining(holds: Certainty, passes: Certainty): Certainty {
  if (holds === "yes" || passes === "yes") return passes;
  return holds === "sometimes" && passes !== "unknown" ? "sometimes" : "unknown";
}

interface Decision {
  readonly rule: Rule;
  readonly chain: Chain;
  readonly verdict: Verdict;
}

/** @returns whether the packet goes on after the rule */
function act(
  base: BaseChain,
  { rule, chain, verdict }: Decision,
  context: RuleContext,
  arrives: Certainty,
  endings: Ending[],
  depth: number,
): Certainty | "return" | "stay" {
  switch (verdict.kind) {
    case "continue":
      return "stay";
    case "return":
      return "return";
    case "jump":
    case "goto": {
      const target = base.find(verdict.target);
      if (target === undefined || depth >= DEEPEST) return "stay";
      const passes = follow(base, target, context, arrives, endings, depth + 1);
      if (verdict.kind === "jump") return passes;
      return passes === "no" ? "no" : "return";
    }
    default:
      if (arrives !== "no") endings.push({ verdict, certainty: arrives, rule, chain: chain.name });
      return "no";
  }
}

function apply(
  { rule, chain }: { readonly rule: Rule; readonly chain: string },
  context: RuleContext,
  entry: Certainty,
): { holds: Certainty; verdict: Verdict | undefined } {
  let holds: Certainty = "yes";
  for (const statement of rule.statements) {
    const result = statement(context, both(entry, holds));
    if (result === undefined) continue;
    if ("verdict" in result) return { holds, verdict: result.verdict };
    if ("alters" in result) {
      context.alterations.push({ rule, chain, what: result.alters });
      continue;
    }
    holds = both(holds, result.holds);
    if (holds === "no") break;
  }
  return { holds, verdict: undefined };
}
