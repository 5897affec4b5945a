/** The host's packet filter and address translation for containers: one nftables table of ours, `inet ctr`. */
export { openFirewall } from "./firewall.ts";
export type { Firewall, FirewallNetwork, FirewallPort, FirewallState } from "./types.ts";
