/** What the administrator has in our table: the rules of his chain, and the sets, maps and chains of his that they name. */
import { isOurs, TABLE, USER_CHAIN } from "./table.ts";
import { NftError, type NftTransport } from "./transport.ts";

type Kind = "chain" | "set" | "map";

/** As nft reads it again: what is named stands before what names it. Empty where the table is not there. */
export function listUserPart(transport: NftTransport): string {
  const seen = new Set<string>();
  const texts: string[] = [];
  const visit = (name: string, kinds: readonly Kind[]): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const text = list(transport, name, kinds);
    for (const [, set = ""] of withoutTexts(text).matchAll(/@([\w.-]+)/g)) if (!isOurs(set)) visit(set, ["set", "map"]);
    for (const [, chain = ""] of withoutTexts(text).matchAll(/\b(?:jump|goto) ([\w.-]+)/g)) {
      if (!isOurs(chain)) visit(chain, ["chain"]);
    }
    texts.push(text);
  };
  visit(USER_CHAIN, ["chain"]);
  return texts.join("\n");
}

/** True when there is more than the one chain: it may change without a change of the chain. */
export const hasParts = (listed: string): boolean => listed.split(`table ${TABLE} {`).length > 2;

function list(transport: NftTransport, name: string, kinds: readonly Kind[]): string {
  for (const kind of kinds) {
    try {
      return transport.run(`list ${kind} ${TABLE} ${name}\n`);
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
    }
  }
  return "";
}

/** Comments and log prefixes may hold anything. */
const withoutTexts = (rules: string): string => rules.replace(/"[^"\n]*"/g, '""');
