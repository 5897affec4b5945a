/** What others change in a packet on its way: it may lead it to where nobody waits for it. */
import type { Obstacle } from "../obstacles.ts";
import type { FlowContext, Hop, Walk } from "../types/index.ts";

export interface Change {
  /** `table inet x, chain y`. */
  readonly table: string;
  /** `hops`: how many routers it may pass; `zone`: of which connections it is one. */
  readonly what: "source" | "destination" | "hops" | "zone" | "checksum";
  readonly direction: "there" | "back";
  readonly position: number;
  readonly hop: Hop;
}

/** By tables that are not ours, in the order of the way. */
export function changesOf({ there, back }: Walk): Change[] {
  return [...changesIn(there, "there"), ...changesIn(back, "back")];
}

function changesIn(hops: readonly Hop[], direction: Change["direction"]): Change[] {
  return hops.flatMap((hop, position) => {
    const { verdict, hook } = hop;
    if (verdict !== "translate" || hook === undefined || isOurs(hook) || OUR_RULE.test(hop.text)) return [];
    const table = `table ${hook.family} ${hook.table}, chain ${hook.chain}`;
    return { table, what: whatIn(hop.text), direction, position, hop };
  });
}

/** The engine's table, that of a sandbox's name server, and the engine's chains among those of iptables. */
const isOurs = ({ table, chain }: NonNullable<Hop["hook"]>): boolean =>
  table === "ctr" || table === "ctr-names" || chain.startsWith("CTR-");

/** One of the engine's chains, which the kernel's own chain leads to. */
const OUR_RULE = /rule "-A CTR-/;

/** By the words of nft and of iptables. */
function whatIn(text: string): Change["what"] {
  if (/\b(ttl|hoplimit) set\b|-j (TTL|HL)\b/.test(text)) return "hops";
  if (/\bchecksum set\b/.test(text)) return "checksum";
  if (/\bzone set\b|--zone/.test(text)) return "zone";
  return /\b(snat|masquerade)\b|\b[sS](addr|port) set\b|-j (SNAT|MASQUERADE)\b/.test(text) ? "source" : "destination";
}

/** Tables that are not ours and changed a packet before it got there. */
export function translatedBefore({ walk }: FlowContext, { direction, position }: Obstacle): string[] {
  const before = changesOf(walk).filter((change) => change.direction === direction && change.position < position);
  return [...new Set(before.map(({ table }) => table))];
}
