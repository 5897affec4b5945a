/**
 * Kernel parameters that decide about packets. Those of links come with the links' netlink messages, in arrays whose order
 * is part of the kernel's interface (linux/{ip,ipv6}.h): a host with a hundred links has thousands, and a file costs 10 µs.
 * See the kernel's networking/ip-sysctl and networking/nf_conntrack-sysctl.
 */
import { parseAttributes } from "../../netlink/codec.ts";
import { AF_INET, AF_INET6 } from "../../netlink/constants.ts";
import { nestedIn } from "./codec.ts";
import { IFINFOMSG_LENGTH, nameOf } from "./links.ts";
import { readSmallFile } from "./proc-files.ts";

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

const ALL_LINKS = ["all", "default"].flatMap((group) => [
  ...Object.keys(LINK4).map((key) => `net/ipv4/conf/${group}/${key}`),
  ...Object.keys(LINK6).map((key) => `net/ipv6/conf/${group}/${key}`),
]);

const OTHERS = [
  ...["ip_forward", "ip_default_ttl", "ip_nonlocal_bind", "ip_local_port_range", "ip_local_reserved_ports"],
  ...["ip_unprivileged_port_start", "ip_no_pmtu_disc", "ip_forward_use_pmtu", "fwmark_reflect", "ping_group_range"],
  ...["icmp_echo_ignore_all", "icmp_echo_ignore_broadcasts", "icmp_ratelimit", "tcp_mtu_probing", "tcp_base_mss"],
  ...["tcp_syncookies", "tcp_max_syn_backlog", "tcp_abort_on_overflow", "tcp_tw_reuse", "tcp_mem", "udp_mem"],
  ...["tcp_rmem", "tcp_wmem", "udp_rmem_min", "neigh/default/gc_thresh1", "neigh/default/gc_thresh2"],
  ...["neigh/default/gc_thresh3", "fib_multipath_hash_policy"],
]
  .map((key) => `net/ipv4/${key}`)
  .concat([
    ...["net/ipv6/bindv6only", "net/ipv6/ip_nonlocal_bind", "net/ipv6/icmp/echo_ignore_all", "net/ipv6/route/max_size"],
    ...[1, 2, 3].map((number) => `net/ipv6/neigh/default/gc_thresh${number}`),
    ...["iptables", "ip6tables", "arptables"].map((name) => `net/bridge/bridge-nf-call-${name}`),
    ...["bridge-nf-filter-vlan-tagged", "bridge-nf-filter-pppoe-tagged"].map((name) => `net/bridge/${name}`),
    ...["count", "max", "buckets", "tcp_be_liberal", "tcp_loose", "log_invalid", "checksum", "helper"].map(
      (name) => `net/netfilter/nf_conntrack_${name}`,
    ),
    ...["tcp_timeout_established", "tcp_timeout_syn_sent", "udp_timeout", "udp_timeout_stream"].map(
      (name) => `net/netfilter/nf_conntrack_${name}`,
    ),
    ...["net/netfilter/nf_log_all_netns", "net/core/somaxconn", "net/core/rmem_default", "net/core/rmem_max"],
    ...["net/core/wmem_max", "net/core/netdev_max_backlog", "net/core/default_qdisc"],
  ]);

const FILES = [...ALL_LINKS, ...OTHERS].map((path) => [path.replaceAll("/", "."), `/proc/sys/${path}`] as const);

/**
 * Of the namespace that the thread is in.
 * @param linkMessages see dumpLinks
 */
export function readSysctls(linkMessages: readonly Buffer[]): Record<string, string> {
  const sysctls: Record<string, string> = {};
  for (const [key, path] of FILES) {
    const value = readSmallFile(path);
    // Ranges and triples stand with a tab between.
    if (value !== undefined) sysctls[key] = value.trim().replaceAll("\t", " ");
  }
  for (const message of linkMessages) addLink(sysctls, message);
  return sysctls;
}

function addLink(sysctls: Record<string, string>, message: Buffer): void {
  const families = nestedIn(parseAttributes(message, IFINFOMSG_LENGTH).get(PER_FAMILY));
  const name = nameOf(message);
  const four = nestedIn(families.get(AF_INET)).get(CONFIGURATION4);
  const six = nestedIn(families.get(AF_INET6)).get(CONFIGURATION6);
  addValues(sysctls, `net.ipv4.conf.${name}`, LINK4, four);
  addValues(sysctls, `net.ipv6.conf.${name}`, LINK6, six);
}

/** Older kernels have shorter arrays. */
function addValues(
  sysctls: Record<string, string>,
  prefix: string,
  places: Readonly<Record<string, number>>,
  values: Buffer | undefined,
): void {
  if (values === undefined) return;
  for (const [key, place] of Object.entries(places)) {
    if (4 * place + 4 <= values.length) sysctls[`${prefix}.${key}`] = String(values.readInt32LE(4 * place));
  }
}
