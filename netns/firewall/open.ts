import type { Logger } from "../../lib/log.ts";
import type { Backend } from "./backend.ts";
import type { Family } from "./checks.ts";
import { RememberingFirewall } from "./firewall.ts";
import { openIptables } from "./iptables/backend.ts";
import { openNftables } from "./nftables/backend.ts";
import { noBackend } from "./no-backend.ts";
import type { Firewall } from "./types.ts";

export interface FirewallOptions {
  readonly logger: Logger;
  /** `nftables` where left out. */
  readonly backend?: Backend["name"] | undefined;
  /** False leaves all IPv4 packets to others, as Docker's `iptables: false` does. */
  readonly ipv4?: boolean | undefined;
  /** False leaves all IPv6 packets to others, as Docker's `ip6tables: false` does. */
  readonly ipv6?: boolean | undefined;
}

/**
 * Opens the firewall of the network namespace that the calling thread is in now. Nothing is changed yet.
 * @throws `unsupported` when the host has not got the backend; for nftables at the first change
 */
export function openFirewall({ logger, backend = "nftables", ipv4 = true, ipv6 = true }: FirewallOptions): Firewall {
  const families: Family[] = [...(ipv4 ? ([4] as const) : []), ...(ipv6 ? ([6] as const) : [])];
  return new RememberingFirewall(openBackend(backend, families, logger), families, logger);
}

function openBackend(name: Backend["name"], families: readonly Family[], logger: Logger): Backend {
  if (families.length === 0) return noBackend(name);
  return name === "nftables" ? openNftables({ logger }) : openIptables({ families, logger });
}
