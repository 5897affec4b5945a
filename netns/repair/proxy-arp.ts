/** Bridges of ours that answer for addresses of containers: nobody but the container may. See ip-sysctl, proxy_arp. */
import { requireBridge } from "../drivers/bridge.ts";
import { namespaceExists } from "../namespace.ts";
import { findLink } from "../netlink/link.ts";
import { forgetNeighbour } from "../netlink/neighbour.ts";
import { openInside } from "../sandbox/links.ts";
import type { SandboxTools } from "../sandbox/types.ts";
import { getSysctl, setSysctl } from "../sysctl.ts";
import type { Network } from "../types.ts";
import type { Fault } from "./types.ts";

/** Where it is on for all links of the host, that is the administrator's. */
export function proxyFaults(tools: Pick<SandboxTools, "netlink" | "store">): Fault[] {
  return tools.store
    .networks()
    .filter(({ driver }) => driver === "bridge")
    .filter((network) => getSysctl(keyOf(network)) === "1")
    .map((network) => ({
      kind: "changed",
      object: `bridge ${requireBridge(network)}`,
      text: `it answers for addresses of containers of network ${network.name} (proxy_arp is 1)`,
      mend: () => {
        setSysctl(keyOf(network), "0");
        forgetAnswers(tools, network);
      },
    }));
}

const keyOf = (network: Network): string => `net/ipv4/conf/${requireBridge(network)}/proxy_arp`;

/** Containers ask anew for those of their neighbours that they believe to be the bridge. */
function forgetAnswers({ netlink, store }: Pick<SandboxTools, "netlink" | "store">, network: Network): void {
  const bridge = findLink(netlink, requireBridge(network));
  const endpoints = store.endpointsOfNetwork(network.id);
  const addresses = endpoints.flatMap(({ address }) => address ?? []);
  for (const { containerId, interfaceName } of bridge === undefined ? [] : endpoints) {
    const path = store.sandbox(containerId)?.namespacePath;
    if (path === undefined || interfaceName === undefined || !namespaceExists(path)) continue;
    using inside = openInside(path);
    const link = findLink(inside, interfaceName);
    if (link === undefined) continue;
    for (const address of addresses) forgetNeighbour(inside, link.index, address, bridge?.macAddress ?? "");
  }
}
