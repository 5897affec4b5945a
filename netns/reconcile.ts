/** Brings store and kernel together after the engine was away: whatever moment it was killed at. */
import { messageOf } from "../lib/errors.ts";
import { teardown } from "../lib/teardown.ts";
import type { FirewallNetwork } from "./firewall/index.ts";
import { listNamespaces, namespaceExists, namespacePath, removeNamespace } from "./namespace.ts";
import { changeLink, deleteLink, findLink, listLinks } from "./netlink/link.ts";
import { firewallPortsOf, reconnect, type SandboxState, type SandboxTools } from "./sandbox.ts";
import { awaitLinkGone, HOST_INTERFACE } from "./veth.ts";

export interface Reconciliation {
  readonly runDir: string;
  /** Sandboxes of containers that run. */
  readonly live: readonly SandboxState[];
  /** Sandboxes in the store whose containers do not run any more. */
  readonly dead: readonly SandboxState[];
  readonly networks: readonly FirewallNetwork[];
}

/**
 * Repairs the live and removes everything else of ours: namespaces, links on our bridges, rules, records.
 * @throws `system` with a list of what could not be cleaned up
 */
export async function reconcile(tools: SandboxTools, plan: Reconciliation): Promise<void> {
  await teardown("what the last run left", [
    ...deadSandboxSteps(tools, plan),
    { what: "stray namespaces", run: () => removeStrayNamespaces(plan) },
    { what: "stray links", run: () => removeStrayLinks(tools, plan) },
  ]);
  for (const sandbox of plan.live) restore(tools, sandbox);
  tools.firewall.sync({
    networks: plan.networks,
    ports: plan.live.flatMap((sandbox) => firewallPortsOf(sandbox, tools.store.portsOf(sandbox.containerId))),
  });
}

/** Their rules go with the firewall's `sync` at the end, all in one transaction. */
function deadSandboxSteps({ netlink, store, hostPorts }: SandboxTools, { dead }: Reconciliation) {
  const names = dead.flatMap(({ namespacePath: path }) => path ?? []);
  const links = dead.flatMap(({ connections }) => connections.map(({ hostInterface }) => hostInterface));
  return [
    ...names.map((path) => ({ what: `namespace ${path}`, run: () => removeNamespace(path) })),
    ...links.map((name) => ({ what: `link ${name}`, run: () => awaitLinkGone(netlink, name) })),
    ...dead.map(({ containerId }) => ({
      what: `record of ${containerId}`,
      run: () => {
        hostPorts.release(containerId);
        store.removeSandbox(containerId);
      },
    })),
  ];
}

function removeStrayNamespaces({ runDir, live }: Reconciliation): void {
  const kept = new Set(live.map(({ containerId }) => containerId));
  for (const name of listNamespaces(namespacePath(runDir, ""))) {
    if (!kept.has(name)) removeNamespace(namespacePath(runDir, name));
  }
}

function removeStrayLinks({ netlink }: SandboxTools, { live, networks }: Reconciliation): void {
  const kept = new Set(live.flatMap(({ connections }) => connections.map(({ hostInterface }) => hostInterface)));
  for (const { bridge } of networks) {
    const index = findLink(netlink, bridge)?.index;
    if (index === undefined) continue;
    for (const { name, kind } of listLinks(netlink, index)) {
      if (kind === "veth" && HOST_INTERFACE.test(name) && !kept.has(name)) deleteLink(netlink, name);
    }
  }
}

/** One container's trouble must not keep the engine from starting. */
function restore(tools: SandboxTools, sandbox: SandboxState): void {
  const { containerId } = sandbox;
  try {
    restoreConnections(tools, sandbox);
  } catch (error) {
    tools.logger.error("A running container's network cannot be repaired: restart the container.", {
      container: containerId,
      error: messageOf(error),
    });
  }
  tools.hostPorts.restore(tools.store.portsOf(containerId), sandbox);
}

function restoreConnections({ netlink, logger }: SandboxTools, sandbox: SandboxState): void {
  const { containerId, namespacePath: path, connections } = sandbox;
  if (path === undefined) return;
  if (!namespaceExists(path)) {
    logger.error("A running container's network namespace has lost its name: restart the container.", {
      container: containerId,
      path,
    });
    return;
  }
  for (const connection of connections) {
    const link = findLink(netlink, connection.hostInterface);
    const bridge = findLink(netlink, connection.bridge);
    if (link === undefined) {
      logger.warn("A running container had lost its link to the bridge; it is connected again.", {
        container: containerId,
      });
      reconnect(netlink, path, connection);
    } else if (bridge !== undefined && link.master !== bridge.index) {
      changeLink(netlink, link.index, { master: bridge.index, up: true });
    }
  }
}
