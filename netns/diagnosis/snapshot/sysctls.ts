/**
 * Kernel parameters that decide about packets. Those of links come with the links' netlink messages, in arrays whose order
 * is part of the kernel's interface (linux/{ip,ipv6}.h): a host with a hundred links has thousands, and a file costs 10 µs.
 * See the kernel's networking/ip-sysctl and networking/nf_conntrack-sysctl.
 */
import { parseAttributes } from "../../netlink/codec.ts";
import { AF_INET, AF_INET6 } from "../../netlink/constants.ts";
import { nestedIn } from "./codec.ts";
import { IFINFOMSG_LENGTH, nameOf } from "./links.ts";
import { ProcFolder } from "./proc-files.ts";

/** IFLA_AF_SPEC; IFLA_INET_CONF, IFLA_INET6_CONF */
const PER_FAMILY = 26;
const CONFIGURATION4 = 1;
const CONFIGURATION6 = 2;

/** Places in the array: IPV4_DEVCONF_* less one. */
const LINK4: Readonly<Record<string, number>> = {
  forwarding: 0,
  proxy_arp: 2,
  accept_redirects: 3,
  send_redirects: 5,
  rp_filter: 7,
  accept_source_route: 8,
  log_martians: 10,
  arp_filter: 12,
  arp_announce: 17,
  arp_ignore: 18,
  arp_accept: 20,
  accept_local: 22,
  src_valid_mark: 23,
  proxy_arp_pvlan: 24,
  route_localnet: 25,
  ignore_routes_with_linkdown: 28,
};

/** DEVCONF_* */
const LINK6: Readonly<Record<string, number>> = {
  forwarding: 0,
  hop_limit: 1,
  mtu: 2,
  accept_ra: 3,
  accept_redirects: 4,
  autoconf: 5,
  dad_transmits: 6,
  use_tempaddr: 10,
  accept_ra_defrtr: 17,
  proxy_ndp: 22,
  accept_source_route: 24,
  disable_ipv6: 26,
  accept_dad: 27,
};

/** Of all links together: the kernel takes the larger one, or both, see ip-sysctl. */
const ALL_LINKS = [
  ...["forwarding", "rp_filter", "accept_local", "route_localnet", "arp_ignore", "arp_announce", "arp_filter"].map(
    (key) => `ipv4/conf/all/${key}`,
  ),
  ...["src_valid_mark", "proxy_arp", "send_redirects", "accept_redirects"].map((key) => `ipv4/conf/all/${key}`),
  ...["forwarding", "disable_ipv6", "proxy_ndp", "accept_ra"].map((key) => `ipv6/conf/all/${key}`),
];

const PROTOCOLS = [
  ...["ip_forward", "ip_default_ttl", "ip_nonlocal_bind", "ip_local_port_range", "ip_local_reserved_ports"],
  ...["ip_unprivileged_port_start", "ip_no_pmtu_disc", "ping_group_range", "icmp_echo_ignore_all"],
  ...["tcp_mtu_probing", "tcp_abort_on_overflow", "tcp_syncookies", "tcp_max_syn_backlog"],
].map((key) => `ipv4/${key}`);

/** Those that a program, or a rule in its namespace, may meet. */
const EVERYWHERE = [
  ...ALL_LINKS,
  ...PROTOCOLS,
  "ipv6/bindv6only",
  "ipv6/ip_nonlocal_bind",
  "ipv6/icmp/echo_ignore_all",
];

/** Those of whoever passes packets on, and of the whole machine. */
const FORWARDING = [
  ...["iptables", "ip6tables", "arptables"].map((name) => `bridge/bridge-nf-call-${name}`),
  ...["bridge/bridge-nf-filter-vlan-tagged", "bridge/bridge-nf-filter-pppoe-tagged"],
  ...["ipv4/ip_forward_use_pmtu", "ipv4/fwmark_reflect", "ipv4/icmp_ratelimit", "ipv4/icmp_echo_ignore_broadcasts"],
  ...["ipv4/fib_multipath_hash_policy", "ipv4/tcp_mem", "ipv4/udp_mem", "ipv6/route/max_size"],
  ...["ipv4", "ipv6"].flatMap((family) => [1, 2, 3].map((number) => `${family}/neigh/default/gc_thresh${number}`)),
  ...["count", "max", "buckets", "tcp_be_liberal", "tcp_loose", "log_invalid", "checksum"].map(
    (name) => `netfilter/nf_conntrack_${name}`,
  ),
  ...[
    "tcp_timeout_established",
    "tcp_timeout_syn_sent",
    "tcp_timeout_syn_recv",
    "udp_timeout",
    "udp_timeout_stream",
  ].map((name) => `netfilter/nf_conntrack_${name}`),
  ...[
    "core/somaxconn",
    "core/rmem_default",
    "core/rmem_max",
    "core/wmem_max",
    "core/netdev_max_backlog",
    "core/default_qdisc",
  ],
];

interface Parameter {
  readonly key: string;
  /** Within its folder. */
  readonly file: string;
}

/** By their folder below /proc/sys/net. */
const byFolder = (paths: readonly string[]): ReadonlyMap<string, readonly Parameter[]> =>
  Map.groupBy(
    paths.map((path) => ({ key: `net.${path.replaceAll("/", ".")}`, file: path.slice(path.indexOf("/") + 1), path })),
    ({ path }) => path.slice(0, path.indexOf("/")),
  );

const OF_ROUTERS = byFolder([...EVERYWHERE, ...FORWARDING]);
const OF_OTHERS = byFolder(EVERYWHERE);

/** Reads the parameters of one namespace after the other. */
export class SysctlReader {
  /** What containers' namespaces do not have in this kernel. */
  readonly #absent = new Set<string>();
  readonly #keys = new LinkKeys();

  /**
   * Of the namespace that the thread is in.
   * @param linkMessages see dumpLinks
   * @param passesOn packets of others: more parameters matter then
   */
  read(linkMessages: readonly Buffer[], passesOn: boolean): Record<string, string> {
    const sysctls: Record<string, string> = {};
    for (const [name, parameters] of passesOn ? OF_ROUTERS : OF_OTHERS) {
      using folder = ProcFolder.open(`/proc/sys/net/${name}`);
      for (const { key, file } of parameters) {
        const value = this.#absent.has(key) ? undefined : folder?.read(file);
        // Ranges and triples stand with a tab between.
        if (value !== undefined) sysctls[key] = value.trim().replaceAll("\t", " ");
        else if (!passesOn) this.#absent.add(key);
      }
    }
    for (const message of linkMessages) addLink(sysctls, message, this.#keys);
    return sysctls;
  }
}

/** Every container has an `eth0`, with two dozen parameters: their names are put together once. */
class LinkKeys {
  readonly #four = new Map<string, ReturnType<typeof keysOf>>();
  readonly #six = new Map<string, ReturnType<typeof keysOf>>();

  of(family: 4 | 6, link: string): ReturnType<typeof keysOf> {
    const known = family === 4 ? this.#four : this.#six;
    return known.getOrInsertComputed(link, () => keysOf(family, link));
  }
}

const keysOf = (family: 4 | 6, link: string): readonly (readonly [key: string, place: number])[] =>
  Object.entries(family === 4 ? LINK4 : LINK6).map(([name, place]) => [`net.ipv${family}.conf.${link}.${name}`, place]);

function addLink(sysctls: Record<string, string>, message: Buffer, keys: LinkKeys): void {
  const families = nestedIn(parseAttributes(message, IFINFOMSG_LENGTH).get(PER_FAMILY));
  const name = nameOf(message);
  addValues(sysctls, keys.of(4, name), nestedIn(families.get(AF_INET)).get(CONFIGURATION4));
  addValues(sysctls, keys.of(6, name), nestedIn(families.get(AF_INET6)).get(CONFIGURATION6));
}

/** Older kernels have shorter arrays. */
function addValues(
  sysctls: Record<string, string>,
  keys: ReturnType<LinkKeys["of"]>,
  values: Buffer | undefined,
): void {
  if (values === undefined) return;
  for (const [key, place] of keys) {
    if (4 * place + 4 <= values.length) sysctls[key] = String(values.readInt32LE(4 * place));
  }
}
