/** Reads what iptables-save(8) prints. */

export interface SavedTable {
  readonly name: string;
  /** Chains of the kernel's, with their policies. */
  readonly policies: ReadonlyMap<string, "accept" | "drop">;
  readonly chains: ReadonlyMap<string, readonly SavedRule[]>;
}

export interface SavedRule {
  /** Without counters and `-A CHAIN`. */
  readonly text: string;
  readonly words: readonly string[];
}

export function readSavedTables(text: string): readonly SavedTable[] {
  const tables: SavedTable[] = [];
  let policies = new Map<string, "accept" | "drop">();
  let chains = new Map<string, SavedRule[]>();
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) {
      policies = new Map();
      chains = new Map();
      tables.push({ name: line.slice(1).trim(), policies, chains });
    } else if (line.startsWith(":")) {
      const [name = "", policy = "-"] = line.slice(1).split(" ");
      chains.set(name, []);
      if (policy !== "-") policies.set(name, policy === "ACCEPT" ? "accept" : "drop");
    } else {
      const [, chain, spec = ""] = /^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$/.exec(line) ?? [];
      if (chain !== undefined) chains.get(chain)?.push({ text: spec, words: splitWords(spec) });
    }
  }
  return tables;
}

/** Words are parted by spaces; quotes hold spaces, and a backslash the next character. */
export function splitWords(text: string): string[] {
  const words = text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  return words.map((word) => (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, "$1") : word));
}
