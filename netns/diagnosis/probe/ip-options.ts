/** Options of sockets that the probes need. See ip(7), ipv6(7), icmp(7), raw(7). */
import { rawCall, systemCall } from "../../../lib/system/libc.ts";

const SOL_IP = 0;
const SOL_IPV6 = 41;
const SOL_RAW = 255;
const SOL_ICMPV6 = 58;

const IP_MTU_DISCOVER = 10;
const IP_RECVERR = 11;
const IPV6_MTU_DISCOVER = 23;
const IPV6_RECVERR = 25;
/** Packets are never cut up, and what is known of the way's size is not heeded. The same for both families. */
const PMTUDISC_PROBE = 3;

const ICMP_FILTER = 1;
const ICMPV6_FILTER = 1;

function setNumber(fd: number, level: number, option: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  systemCall("setsockopt", "probe's socket", fd, level, option, bytes, bytes.length);
}

/** Errors that routers and the far end report are kept with who reported them. */
export function keepReports(fd: number, family: 4 | 6): void {
  if (family === 4) setNumber(fd, SOL_IP, IP_RECVERR, 1);
  else setNumber(fd, SOL_IPV6, IPV6_RECVERR, 1);
}

export function forbidFragments(fd: number, family: 4 | 6): void {
  if (family === 4) setNumber(fd, SOL_IP, IP_MTU_DISCOVER, PMTUDISC_PROBE);
  else setNumber(fd, SOL_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_PROBE);
}

/** A raw socket gets these types of ICMP alone: otherwise all that comes to its namespace. */
export function takeIcmpTypes(fd: number, family: 4 | 6, types: readonly number[]): void {
  // One bit a type, set for those that are left out.
  const bits = Buffer.alloc(family === 4 ? 4 : 32, 0xff);
  for (const type of types) {
    const at = type >> 3;
    if (at < bits.length) bits[at] = (bits[at] ?? 0) & ~(1 << (type & 7));
  }
  const [level, option] = family === 4 ? [SOL_RAW, ICMP_FILTER] : [SOL_ICMPV6, ICMPV6_FILTER];
  rawCall("setsockopt", fd, level, option, bits, bits.length);
}
