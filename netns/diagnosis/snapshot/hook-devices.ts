/** Links that chains of the family netdev, and others at a link's own hooks, hang on: nft 1.0.6 leaves them out of its JSON. */

/**
 * @param ruleset objects of `nft -j list ruleset`
 * @param listChains what `nft list chains` prints
 * @returns the same, with `dev` in chains that lacked it
 */
export function withHookDevices(ruleset: readonly object[], listChains: () => string): readonly object[] {
  const lacks = ruleset.some((object) => isWithoutDevice((object as ChainObject).chain));
  if (!lacks) return ruleset;
  const devices = readHookDevices(listChains());
  return ruleset.map((object) => {
    const { chain } = object as ChainObject;
    const dev =
      chain && isWithoutDevice(chain) ? devices.get(`${chain.family} ${chain.table} ${chain.name}`) : undefined;
    return dev === undefined ? object : { chain: { ...chain, dev } };
  });
}

interface ChainObject {
  readonly chain?: {
    readonly family: string;
    readonly table: string;
    readonly name: string;
    readonly hook?: string;
    readonly dev?: unknown;
  };
}

const isWithoutDevice = (chain: ChainObject["chain"]): boolean =>
  (chain?.hook === "ingress" || chain?.hook === "egress") && chain.dev === undefined;

/** `type filter hook ingress device "eth0" priority 0`, `devices = { "eth0", "eth1" }`. Exported for tests. */
export function readHookDevices(text: string): ReadonlyMap<string, readonly string[]> {
  const devices = new Map<string, readonly string[]>();
  let table = "";
  let chain = "";
  for (const line of text.split("\n")) {
    table = /^table (\w+ \S+) \{/.exec(line)?.[1] ?? table;
    chain = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? chain;
    const [, one, many] = /hook (?:ingress|egress) device(?:s = \{ ([^}]*) \}| "?([^" ]+)"?)/.exec(line) ?? [];
    const names = (one ?? many)?.split(",").map((name) => name.trim().replaceAll('"', ""));
    if (names !== undefined) devices.set(`${table} ${chain}`, names);
  }
  return devices;
}
