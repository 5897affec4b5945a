/** Opens what an engine's network is made with. */
import { join } from "node:path";
import type { Logger } from "../lib/log.ts";
import type { Store } from "../lib/store.ts";
import { Announcements } from "./announcements/index.ts";
import { Conntrack } from "./conntrack/index.ts";
import { DataPlane } from "./dataplane/index.ts";
import { Names } from "./dns/index.ts";
import type { NetworkEvents } from "./events.ts";
import type { StepHook } from "./fault-points.ts";
import { openFirewall, watchFirewall } from "./firewall/index.ts";
import { checkPools } from "./ipam/pools.ts";
import { NetlinkSocket } from "./netlink/transport.ts";
import { openNetworks } from "./networks/open.ts";
import { NetworkOwnership } from "./ownership.ts";
import { HostPorts } from "./ports/index.ts";
import type { SandboxTools } from "./sandbox/types.ts";
import { NetworkStore } from "./store/index.ts";
import type { NetworkConfig } from "./types.ts";

export interface NetworkEngineOptions {
  /** Must have run {@link networkMigrations}. */
  readonly store: Store;
  /** The engine's exec-root: namespaces are bound at `<runDir>/netns/<containerId>`. */
  readonly runDir: string;
  readonly config: NetworkConfig;
  readonly logger: Logger;
  /** Called after each step that changes something, see {@link NETWORK_FAULT_POINTS}. */
  readonly step?: StepHook;
}

/**
 * Takes this network namespace, makes the networks of the store, and watches over the firewall.
 * @param resources what has to be closed, also when this throws
 * @throws `conflict` when another engine manages this namespace, when the bridge's name or subnet is taken;
 *   `invalid` for a wrong configuration
 */
export function openTools(
  { store, runDir, config, logger, step = () => {} }: NetworkEngineOptions,
  events: NetworkEvents,
  resources: AsyncDisposableStack,
): SandboxTools {
  checkPools(config.defaultAddressPools ?? []);
  resources.use(NetworkOwnership.take());
  const netlink = resources.use(NetlinkSocket.open());
  const { iptables: ipv4, ip6tables: ipv6, firewallBackend: backend } = config;
  const userRulesPath = join(runDir, "user-rules.json");
  const firewall = resources.use(openFirewall({ logger, ipv4, ipv6, backend, userRulesPath }));
  const networkStore = new NetworkStore(store);
  openNetworks({ store: networkStore, netlink, firewall, config, logger });
  const hostPorts = resources.use(new HostPorts({ logger }));
  const conntrack = resources.use(Conntrack.open({ logger }));
  const onRestart = () => events.emit("heal", { object: "data plane" });
  const dataPlane = resources.use(new DataPlane({ runDir, logger, onRestart }));
  const onHeal = () => events.emit("heal", { object: "firewall" });
  resources.use(watchFirewall({ firewall, logger, onHeal }));
  return {
    ...{ store: networkStore, netlink, firewall, config, logger, hostPorts, conntrack, dataPlane, step },
    names: Names.open({ dataPlane }),
    announcements: resources.use(new Announcements({ netlink, logger })),
    proxyStarts: new Map(),
  };
}
