/** The host's packet filter and address translation for containers. */
export { type FirewallOptions, openFirewall } from "./open.ts";
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
export { type WatchOptions, watchFirewall } from "./watch.ts";
