/** Rules that keep the kernel's error messages (ICMP) from being sent or received: path MTU discovery lives by them. */
import { type Ruleset, rulesetOf } from "../../ruleset.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { HOST } from "../../types/index.ts";

export interface IcmpFilter {
  readonly place: string;
  /** `table inet x, chain y`. */
  readonly name: string;
  readonly source: string;
  readonly text: string;
  readonly deletion: readonly string[];
}

/** Of the host, which sends the message, and of the container that is to get it. */
export function icmpFilters(view: SnapshotView, receiver: string, family: 4 | 6): IcmpFilter[] {
  const places = [HOST, receiver].filter((place, index, all) => all.indexOf(place) === index);
  return places.flatMap((place) => {
    const namespace = view.namespace(place);
    const ruleset = namespace === undefined ? undefined : rulesetOf(namespace);
    const hooks = place === HOST ? ["output", "forward", "postrouting"] : ["input", "prerouting"];
    return [...(ruleset === undefined ? [] : native(ruleset, place, hooks)), ...legacy(view, place, family)];
  });
}

/** Rules that drop ICMP as a whole, or its errors. Chains that others jump to count with their table's hooks. */
function native({ chains }: Ruleset, place: string, hooks: readonly string[]): IcmpFilter[] {
  return chains
    .filter(
      ({ hook, table, family }) =>
        (hook === undefined || hooks.includes(hook)) && table !== "ctr" && family !== "bridge",
    )
    .flatMap(({ family, table, name, rules }) =>
      rules
        .filter(({ json }) => /"(drop|reject)"/.test(json) && mentionsErrors(json))
        .map(({ json, handle }) => ({
          place,
          name: `table ${family} ${table}, chain ${name}`,
          source: `nft -a list chain ${family} ${table} ${name}`,
          text: `${json}${handle === undefined ? "" : ` (handle ${handle})`}`,
          deletion: ["nft", "delete", "rule", family, table, name, "handle", String(handle ?? 0)],
        })),
    );
}

function mentionsErrors(json: string): boolean {
  const isIcmp = /"icmp"|"icmpv6"|"ipv6-icmp"|"right":(1|58)\b/.test(json);
  const choosesType = /"field":"type"/.test(json);
  return isIcmp && (!choosesType || /destination-unreachable|packet-too-big/.test(json));
}

function legacy(view: SnapshotView, place: string, family: 4 | 6): IcmpFilter[] {
  const texts = (view.namespace(place)?.iptables ?? []).filter((one) => one.family === family && one.mode === "legacy");
  return texts.flatMap(({ text, mode }) =>
    [...text.matchAll(/^(?:\[\d+:\d+\] )?-A (\S+) (.*-p (?:icmp|ipv6-icmp).*-j (?:DROP|REJECT).*)$/gm)]
      .filter(([, , rule = ""]) => !/icmp(?:v6)?-type (?!3\b|2\b|3\/4)/.test(rule))
      .map(([, chain = "", rule = ""]) => {
        const program = `${family === 4 ? "iptables" : "ip6tables"}-${mode}`;
        return {
          ...{ place, name: `${program}, chain ${chain}`, source: `${program}-save`, text: `-A ${chain} ${rule}` },
          deletion: [program, "-D", chain, ...rule.split(" ")],
        };
      }),
  );
}
