/**
 * Rules of iptables and ip6tables, of both implementations, where there are any. The programs are started for nothing else:
 * the old ones load tables that were not there. See iptables-save(8).
 */
import { spawnSync } from "node:child_process";
import { hasCode } from "../../../lib/errors.ts";
import type { IptablesState } from "../types/index.ts";
import { readSmallFile } from "./proc-files.ts";

const OUTPUT_LIMIT = 256 * 1024 * 1024;
/** Tables that iptables-nft makes, each with chains named as the old hooks were. */
const TABLES = new Set(["filter", "nat", "mangle", "raw", "security"]);
const CHAINS = new Set(["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]);
const NAMES = { 4: "iptables", 6: "ip6tables" } as const;

/**
 * Of the namespace that the thread is in.
 * @param nftables see {@link Ruleset}
 * @param missing is told what could not be read
 */
export function readIptables(
  nftables: readonly object[] | undefined,
  missing: (what: string, why: string) => void,
): IptablesState[] {
  const save = (family: 4 | 6, mode: "legacy" | "nft"): IptablesState[] => {
    try {
      return [{ family, mode, text: runSave(`${NAMES[family]}-${mode}-save`) }];
    } catch (error) {
      missing(`${NAMES[family]}-${mode}`, error instanceof Error ? error.message : String(error));
      return [];
    }
  };
  return ([4, 6] as const).flatMap((family) => [
    ...(hasLegacyTables(family) ? save(family, "legacy") : []),
    ...(hasNftTables(family, nftables) ? save(family, "nft") : []),
  ]);
}

function hasLegacyTables(family: 4 | 6): boolean {
  const names = readSmallFile(`/proc/thread-self/net/${family === 4 ? "ip" : "ip6"}_tables_names`);
  return names !== undefined && names.trim() !== "";
}

/** Exported for tests. */
export function hasNftTables(family: 4 | 6, nftables: readonly object[] | undefined): boolean {
  const name = family === 4 ? "ip" : "ip6";
  return (nftables ?? []).some((object) => {
    const { chain } = object as { chain?: { family?: string; table?: string; name?: string } };
    return chain?.family === name && TABLES.has(chain.table ?? "") && CHAINS.has(chain.name ?? "");
  });
}

function runSave(program: string): string {
  const { error, status, stdout, stderr } = spawnSync(program, ["-c"], { encoding: "utf8", maxBuffer: OUTPUT_LIMIT });
  if (hasCode(error, "ENOENT")) throw new Error(`there are rules, but no program ${program}`);
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr.trim() || `${program} ended with ${status}`);
  return stdout;
}
