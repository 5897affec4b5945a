/**
 * The network's state as text, without what changes by itself: two of them are equal when what happened in between left
 * nothing behind. Differences are told line by line.
 */
import type { Where, World } from "./world.ts";

export type Fingerprint = ReadonlyMap<Where, readonly string[]>;

const PARTS = `
  nft --stateless list ruleset 2>/dev/null | tr ',' '\\n' | sed 's/.*elements = {//; s/^[ \\t]*//; s/[ }]*$//; s/ expires [0-9a-z]*//g; s/ comment "[^"]*"//g; /notrack$/s/[0-9]* notrack/N notrack/; /notrack$/s/sport [0-9]* /sport N /'
  iptables-legacy-save 2>/dev/null | sed 's/^#.*//; s/ \\[[0-9:]*\\]//' | grep '^-A\\|DROP' || true
  ip6tables-legacy-save 2>/dev/null | sed 's/^#.*//; s/ \\[[0-9:]*\\]//' | grep '^-A\\|DROP' || true
  ip -o address | grep -v 'inet6 fe80:' | sed 's/valid_lft.*//; s/\\\\.*//'
  ip -o link | sed 's/^[0-9]*: //; s/\\\\/ /g; s/ state [A-Z]*//; s/if[0-9]*//; s/ qlen [0-9]*//'
  ip -4 route show table all | sed 's/ expires [0-9]*sec//; s/ linkdown//'
  ip -6 route show table all | grep -v '^multicast\\|fe80' | sed 's/ expires [0-9]*sec//; s/ linkdown//; s/ hoplimit [0-9]*//; s/ error [-0-9]*//'
  ip rule; ip -6 rule
  ip neigh show nud permanent; ip -6 neigh show nud permanent
  bridge -d link | tr '\\n' ' ' | sed 's/ \\([0-9][0-9]*: \\)/\\n\\1/g' | sed 's/^[0-9]*: //; s/ state [a-z]*//'
  bridge fdb show | grep -v permanent | grep 'static\\|sticky' || true
  tc qdisc show | sed 's/ dev / dev /; s/refcnt [0-9]*//'
  ip xfrm policy 2>/dev/null || true
  ip nexthop 2>/dev/null || true
  cd /proc/sys/net
  grep -s . ipv4/ip_forward ipv4/ip_local_port_range ipv4/fib_multipath_hash_policy bridge/bridge-nf-call-iptables \\
    ipv4/conf/*/forwarding ipv4/conf/*/rp_filter ipv4/conf/*/route_localnet ipv4/conf/*/arp_ignore \\
    ipv4/conf/*/proxy_arp ipv6/conf/*/forwarding ipv6/conf/*/disable_ipv6 ipv6/conf/*/accept_dad || true
`;

/** Where faults are made. */
const PLACES = ["host", "client", "server", "third"] as const;

export async function fingerprint(world: World, places: readonly Where[] = PLACES): Promise<Fingerprint> {
  const texts = await Promise.all(
    places.map(async (where) => [where, (await world.shell(where, PARTS)).split("\n").filter(Boolean)] as const),
  );
  return new Map(texts);
}

/** Lines that only one of the two has: `host + …`, `client - …`. */
export function differences(before: Fingerprint, after: Fingerprint): string[] {
  return [...before].flatMap(([where, lines]) => {
    const now = after.get(where) ?? [];
    return [
      ...only(lines, now).map((line) => `${where} - ${line}`),
      ...only(now, lines).map((line) => `${where} + ${line}`),
    ];
  });
}

/** As bags: a line may be there several times. */
function only(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const index = left.indexOf(line);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
