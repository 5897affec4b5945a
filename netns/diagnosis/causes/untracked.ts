/** Rules that keep the kernel from following connections (`notrack`): no address translation then, and no states. */
import { rulesetOf } from "../ruleset.ts";
import type { SnapshotView } from "../snapshot-view.ts";

export interface UntrackedRule {
  /** `table ip raw, chain PREROUTING`. */
  readonly name: string;
  readonly source: string;
  readonly text: string;
  readonly deletion: readonly string[];
}

/** Those of the host. */
export function untrackedRules({ host }: SnapshotView): UntrackedRule[] {
  const chains = rulesetOf(host)?.chains ?? [];
  const native = chains.flatMap(({ family, table, name, rules }) =>
    rules
      .filter(({ json }) => json.includes('"notrack"'))
      .map(({ handle, json }) => ({
        name: `table ${family} ${table}, chain ${name}`,
        source: `nft -a list chain ${family} ${table} ${name}`,
        text: `notrack${handle === undefined ? "" : ` (handle ${handle})`}: ${json}`,
        deletion: ["nft", "delete", "rule", family, table, name, "handle", String(handle ?? 0)],
      })),
  );
  const written = host.iptables.flatMap(({ family, mode, text }) =>
    [...text.matchAll(/^(?:\[\d+:\d+\] )?-A (\S+) (.*-j (?:CT --notrack|NOTRACK).*)$/gm)].map(
      ([, chain = "", rule = ""]) => {
        const program = `${family === 4 ? "iptables" : "ip6tables"}-${mode}`;
        return {
          name: `${program} table raw, chain ${chain}`,
          source: `${program}-save -t raw`,
          text: `-A ${chain} ${rule}`,
          deletion: [program, "-t", "raw", "-D", chain, ...rule.split(" ")],
        };
      },
    ),
  );
  return [...native, ...written];
}

export const deletionOf = ({ deletion }: UntrackedRule): readonly string[] => deletion;
