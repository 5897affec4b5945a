/** The host passes packets on between its links: what bridges live by. */
import { readdirSync } from "node:fs";
import { getSysctl, setOptionalSysctl, setSysctl } from "./sysctl.ts";
import type { NetworkConfig } from "./types.ts";

const FORWARD_4 = "net/ipv4/ip_forward";
const FORWARD_6 = "net/ipv6/conf/all/forwarding";

/**
 * Switches IPv4 forwarding on, and IPv6's too for networks that have it; not with `ip-forward: false`.
 * @throws `system` when the kernel refuses
 */
export function ensureForwarding({ ipForward = true }: NetworkConfig, withIpv6: boolean): void {
  if (!ipForward) return;
  setSysctl(FORWARD_4, "1");
  if (!withIpv6 || getSysctl(FORWARD_6) !== "0") return;
  keepRouterAdvertisements();
  setSysctl(FORWARD_6, "1");
}

/**
 * A host that forwards does not listen to routers any more, and would lose its own default route some minutes later; 2
 * makes links go on listening. See ip-sysctl, accept_ra.
 */
function keepRouterAdvertisements(): void {
  for (const link of readdirSync("/proc/sys/net/ipv6/conf")) {
    const name = `net/ipv6/conf/${link}/accept_ra`;
    if (getSysctl(name) === "1") setOptionalSysctl(name, "2");
  }
}

/** Docker's words for what is off. */
export function forwardingWarnings(withIpv6: boolean): string[] {
  return [
    ...(getSysctl(FORWARD_4) === "0" ? ["IPv4 forwarding is disabled. Networking will not work."] : []),
    ...(withIpv6 && getSysctl(FORWARD_6) === "0" ? ["IPv6 forwarding is disabled. Networking will not work."] : []),
  ];
}
