/** The host's packet filter and address translation for containers. */
export { openFirewall } from "./firewall.ts";
export type {
  Firewall,
  FirewallGrant,
  FirewallListing,
  FirewallNetwork,
  FirewallPeer,
  FirewallPort,
  FirewallRow,
  FirewallState,
  GatewayMode,
} from "./types.ts";
