/** From a container's endpoints to its sandbox: what has to hold before, and what happens when it fails. */
import { conflict, notFound } from "../../lib/errors.ts";
import { requireBridge } from "../drivers/bridge.ts";
import { MAX_BRIDGE_PORTS } from "../drivers/bridge-device.ts";
import { bridgeFull } from "../drivers/veth.ts";
import { namespacePath } from "../namespace.ts";
import type { NetworkStore } from "../store/index.ts";
import type { Network, PortBinding, SandboxDns } from "../types.ts";
import { openLater, openPorts } from "./open-ports.ts";
import { completeSandbox, setUpSandbox } from "./set-up.ts";
import { sandboxState } from "./state.ts";
import { keepSandbox, tearDownSandbox } from "./tear-down.ts";
import type { SandboxTools } from "./types.ts";

export interface SandboxStart {
  readonly containerId: string;
  readonly runDir: string;
  readonly bindings: readonly PortBinding[];
  readonly dns: SandboxDns;
  /** The caller opens the ports. */
  readonly portsLater: boolean;
}

/**
 * Makes the sandbox, whole or nothing; one that was kept is taken over, or kept on when that fails.
 * @throws Docker's texts for ports that are taken; `conflict` when the sandbox is up or a bridge full; `notFound` when a
 *   network of the container was removed
 */
export async function startSandbox(tools: SandboxTools, start: SandboxStart): Promise<void> {
  const { store } = tools;
  const { containerId, runDir, bindings, dns, portsLater } = start;
  const present = store.sandbox(containerId);
  if (present?.kept === false) throw conflict(`the sandbox of ${containerId} is up already`, "CTR_SANDBOX_EXISTS");
  checkNetworks(store, containerId);
  const records = store.endpointsOfContainer(containerId);
  const hostMode = records.some((record) => store.networkOf(record).driver === "host");
  const path = hostMode ? undefined : namespacePath(runDir, containerId);
  const state = sandboxState(store, containerId, path, records);
  setUpSandbox(tools, { state, bindings, dns, kept: present });
  try {
    await completeSandbox(tools, state);
    if (!portsLater) {
      const ports = await openPorts(tools, state, bindings);
      openLater(tools, { state, ports });
    }
  } catch (error) {
    await (present === undefined ? tearDownSandbox(tools, state) : keepSandbox(tools, state, present));
    throw error;
  }
}

/** Before anything is touched: the kernel would find out half way. */
function checkNetworks(store: NetworkStore, containerId: string): void {
  const [lost] = store.lostNetworksOf(containerId);
  if (lost !== undefined) {
    const { networkId, networkName: name } = lost;
    throw notFound(`network ${networkId} not found`, {
      code: "CTR_NETWORK_LOST",
      hint: `its network ${name} was removed: make ${name} again and connect the container to it`,
    });
  }
  for (const record of store.endpointsOfContainer(containerId)) {
    if (record.interfaceName === undefined) checkRoom(store, store.networkOf(record));
  }
}

/** @throws `conflict` when the network's bridge has no port left */
export function checkRoom(store: NetworkStore, network: Network): void {
  if (network.driver !== "bridge") return;
  if (store.countConnected(network.id) >= MAX_BRIDGE_PORTS) throw bridgeFull(requireBridge(network));
}
