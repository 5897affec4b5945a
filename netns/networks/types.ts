import type { Logger } from "../../lib/log.ts";
import type { Firewall } from "../firewall/index.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import type { NetworkStore } from "../store/index.ts";
import type { NetworkConfig } from "../types.ts";

/** What networks are made with. */
export interface NetworkTools {
  /** Of the engine's own namespace. */
  readonly netlink: NetlinkSocket;
  readonly store: NetworkStore;
  readonly firewall: Firewall;
  readonly config: NetworkConfig;
  readonly logger: Logger;
}
