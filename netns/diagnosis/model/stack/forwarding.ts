/** Whether a namespace passes on what comes by a link. */
import type { LinkState } from "../../types/index.ts";
import type { NamespaceModel } from "../namespace.ts";

/**
 * IPv4 asks the link that the packet came by, IPv6 the setting for all (or, since Linux 6.17, the link's
 * force_forwarding).
 * @returns the key of the setting that is off
 */
export function forwardingFault(namespace: NamespaceModel, family: 4 | 6, link: LinkState): string | undefined {
  if (family === 6) {
    const isOn =
      namespace.linkSysctl(6, "all", "forwarding") !== 0 ||
      namespace.linkSysctl(6, link.name, "force_forwarding") === 1;
    return isOn ? undefined : "net.ipv6.conf.all.forwarding";
  }
  const ofAll = namespace.sysctl("net.ipv4.ip_forward");
  const own = namespace.linkSysctl(4, link.name, "forwarding") ?? ofAll;
  if (own !== 0) return undefined;
  return ofAll === 0 ? "net.ipv4.ip_forward" : `net.ipv4.conf.${link.name}.forwarding`;
}
