import type { Logger } from "../../lib/log.ts";
import type { Backend } from "./backend.ts";
import type { Family } from "./checks.ts";
import { RememberingFirewall } from "./firewall.ts";
import { openIptables } from "./iptables/backend.ts";
import { openNftables } from "./nftables/backend.ts";
import { noBackend } from "./no-backend.ts";
import type { Firewall } from "./types.ts";
import { UserRules } from "./user-rules.ts";

export interface FirewallOptions {
  readonly logger: Logger;
  /** `nftables` where left out. */
  readonly backend?: Backend["name"] | undefined;
  /** False leaves all IPv4 packets to others, as Docker's `iptables: false` does. */
  readonly ipv4?: boolean | undefined;
  /** False leaves all IPv6 packets to others, as Docker's `ip6tables: false` does. */
  readonly ipv6?: boolean | undefined;
  /** Where the administrator's own rules are kept for the next engine, see {@link UserRules}; else in memory alone. */
  readonly userRulesPath?: string | undefined;
}

/**
 * Opens the firewall of the network namespace that the calling thread is in now. Nothing is changed yet.
 * @throws `unsupported` when the host has not got the backend; for nftables at the first change
 */
export function openFirewall(options: FirewallOptions): Firewall {
  const { logger, ipv4 = true, ipv6 = true } = options;
  const families: Family[] = [...(ipv4 ? ([4] as const) : []), ...(ipv6 ? ([6] as const) : [])];
  return new RememberingFirewall(openBackend(options, families), families, logger);
}

function openBackend(options: FirewallOptions, families: readonly Family[]): Backend {
  const { logger, backend = "nftables", userRulesPath: path } = options;
  if (families.length === 0) return noBackend(backend);
  const userRules = new UserRules({ logger, path });
  return backend === "nftables" ? openNftables({ logger, userRules }) : openIptables({ families, logger, userRules });
}
