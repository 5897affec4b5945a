/** What of iptables concerns the other backend: rules that this one left, and policies of legacy tables. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hasCode, messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Family } from "../checks.ts";
import type { ChainFacts } from "../nftables/kernel-view.ts";
import { type IptablesMode, IptablesPrograms } from "./programs.ts";
import { Saved } from "./saved.ts";
import { removeScript } from "./scripts.ts";

const FAMILIES: readonly Family[] = [4, 6];

/** Takes our iptables rules away, of both modes. They are looked for without a program: mostly there are none. */
export function removeIptablesRules(chains: readonly ChainFacts[], logger: Logger): void {
  for (const family of FAMILIES) {
    const familyName = family === 4 ? "ip" : "ip6";
    const isNft = chains.some((chain) => chain.familyName === familyName && chain.name === "CTR-FORWARD");
    if (isNft) remove("nft", family, logger);
    if (hasLegacyTables(family)) remove("legacy", family, logger);
  }
}

function remove(mode: IptablesMode, family: Family, logger: Logger): void {
  try {
    const programs = new IptablesPrograms(mode, { 4: `iptables-${mode}`, 6: `ip6tables-${mode}` });
    const saved = programs.save(family);
    if (saved.hasChain("filter", "CTR-FORWARD")) programs.restore(family, removeScript(saved));
  } catch (error) {
    logger.warn("Rules that ctr had left in iptables could not be removed.", {
      mode,
      family,
      reason: messageOf(error),
    });
  }
}

/** Legacy tables, which nft does not see, that drop what we accept. */
export function legacyDrops(): string[] {
  return FAMILIES.flatMap((family) => {
    if (!hasLegacyTables(family)) return [];
    const name = family === 4 ? "iptables" : "ip6tables";
    const { stdout, status } = spawnSync(`${name}-legacy-save`, ["-t", "filter"], { encoding: "utf8" });
    const verdict = status === 0 ? forwardVerdict(new Saved(stdout)) : undefined;
    return verdict === undefined ? [] : [`${name}-legacy table filter, chain FORWARD: ${verdict}`];
  });
}

function forwardVerdict(saved: Saved): string | undefined {
  const ofAll = saved.rules.find(({ chain, spec }) => chain === "FORWARD" && /^-j (ACCEPT|DROP|REJECT)\b/.test(spec));
  const verdict = ofAll?.spec.split(" ")[1];
  if (verdict === undefined) return saved.policy("filter", "FORWARD") === "DROP" ? "policy drop" : undefined;
  return verdict === "ACCEPT" ? undefined : `${verdict.toLowerCase()} for every packet`;
}

/** Asked of the kernel: the programs would make the tables they are asked about. */
function hasLegacyTables(family: Family): boolean {
  try {
    const names = readFileSync(`/proc/thread-self/net/${family === 4 ? "ip" : "ip6"}_tables_names`, "utf8");
    return names.split("\n").includes("filter");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
