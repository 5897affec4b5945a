/** A container's sandbox: the steps that make one, and those that take it away again. */
import { closeSync, openSync } from "node:fs";
import { CtrError, conflict, toCtrError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { teardown } from "../lib/teardown.ts";
import type { Firewall, FirewallPort } from "./firewall/index.ts";
import { type Cidr, formatAddress } from "./ipam/ipv4.ts";
import { createNamespace, enterNetworkNamespace, removeNamespace } from "./namespace.ts";
import { createVethPair, deleteLink, findLink, type Link, setHairpin } from "./netlink/link.ts";
import { NetlinkSocket } from "./netlink/transport.ts";
import type { HostPorts } from "./ports/index.ts";
import { runSteps, type Step } from "./steps.ts";
import type { NetworkStore } from "./store.ts";
import { setOptionalSysctl, setSysctl } from "./sysctl.ts";
import type { PortBinding, PublishedPort } from "./types.ts";
import { awaitLinkGone, configureInterface, explainFullBridge, takeLoopbackUp } from "./veth.ts";

/** What sandboxes are made with. */
export interface SandboxTools {
  /** Of the engine's own namespace. */
  readonly netlink: NetlinkSocket;
  readonly store: NetworkStore;
  readonly firewall: Firewall;
  readonly hostPorts: HostPorts;
  readonly logger: Logger;
}

/** One interface of a sandbox, and the bridge it leads to. */
export interface Connection {
  readonly bridge: string;
  readonly hostInterface: string;
  readonly interfaceName: string;
  readonly address: Cidr;
  readonly gateway: number;
  readonly macAddress: string;
  /** Bytes. */
  readonly mtu: number;
}

/** A container's sandbox as the store describes it. */
export interface SandboxState {
  readonly containerId: string;
  readonly containerName: string;
  /** Container's name and endpoint's id, for Docker's texts: `web (1f9c…)`. */
  readonly describe: string;
  /** Undefined in host mode, where there is nothing to make. */
  readonly namespacePath: string | undefined;
  /** None on `none`, where only loopback is up. */
  readonly connections: readonly Connection[];
}

/** A sandbox to be made. */
export interface SandboxPlan extends SandboxState {
  /** Ignored without connections, as Docker does. */
  readonly bindings: readonly PortBinding[];
}

/**
 * Makes a sandbox, whole or nothing, without awaiting anything: several at once do not get in each other's way.
 * @throws `conflict` and `system` errors, with Docker's texts for ports that are taken
 */
export function setUpSandbox(tools: SandboxTools, plan: SandboxPlan): void {
  using inside = new DisposableStack();
  const microseconds = runSteps(`the sandbox of ${plan.containerId}`, stepsOf(tools, plan, inside), tools.logger);
  tools.logger.debug("The sandbox is up.", { container: plan.containerId, microseconds });
}

function stepsOf(tools: SandboxTools, plan: SandboxPlan, resources: DisposableStack): Step[] {
  const { netlink, store, firewall, hostPorts } = tools;
  const { containerId, namespacePath, connections } = plan;
  const bindings = connections.length === 0 ? [] : plan.bindings;
  let ports: readonly PublishedPort[] = [];
  const steps: Step[] = [
    {
      name: "reserve host ports",
      run: () => {
        if (bindings.length > 0) ports = reservePorts(hostPorts, bindings, plan);
      },
      undo: () => hostPorts.release(containerId),
    },
    {
      name: "record the sandbox",
      run: () => store.addSandbox({ containerId, namespacePath }, ports),
      undo: () => store.removeSandbox(containerId),
    },
  ];
  if (namespacePath === undefined) return steps;

  let inside: NetlinkSocket;
  steps.push({
    name: "create the namespace",
    run: () => {
      inside = resources.use(createSandboxNamespace(namespacePath));
    },
    undo: () => removeNamespace(namespacePath),
  });
  for (const connection of connections) {
    steps.push({
      name: `connect ${connection.interfaceName} to ${connection.bridge}`,
      run: () => connect(netlink, namespacePath, connection),
      undo: () => deleteLink(netlink, connection.hostInterface),
    });
    steps.push({
      name: `configure ${connection.interfaceName}`,
      run: () => configureInterface(inside, { ...connection, name: connection.interfaceName }),
    });
  }
  steps.push({
    name: "publish ports",
    run: () => firewall.publish(firewallPortsOf(plan, ports)),
  });
  return steps;
}

/** @throws the host ports' errors, under Docker's words for where it happened */
function reservePorts(hostPorts: HostPorts, bindings: readonly PortBinding[], plan: SandboxPlan): PublishedPort[] {
  try {
    return hostPorts.reserve(bindings, plan);
  } catch (error) {
    const { kind, message, code, hint } = toCtrError(error);
    const text = `driver failed programming external connectivity on endpoint ${plan.describe}: ${message}`;
    throw new CtrError(kind, text, { code: code as `CTR_${string}`, hint, cause: error });
  }
}

/**
 * Makes the namespace with loopback up.
 * @returns a netlink socket inside it
 */
function createSandboxNamespace(path: string): NetlinkSocket {
  return createNamespace(path, () => {
    // Links that come later are born with these. Without IPv6 on the network a link-local address would only cost
    // time and confuse; loopback keeps ::1.
    setOptionalSysctl("net/ipv6/conf/default/disable_ipv6", "1");
    setSysctl("net/ipv4/conf/default/arp_notify", "1");
    const inside = NetlinkSocket.open();
    try {
      takeLoopbackUp(inside);
      return inside;
    } catch (error) {
      inside[Symbol.dispose]();
      throw error;
    }
  });
}

/** Lays the cable from the bridge into a namespace, or nothing. */
function connect(netlink: NetlinkSocket, namespacePath: string, connection: Connection): void {
  const master = requireBridge(netlink, connection.bridge).index;
  const { hostInterface: name, interfaceName, macAddress, mtu } = connection;
  const namespaceFd = openSync(namespacePath, "r");
  try {
    createVethPair(netlink, { name, mtu, master, peer: { name: interfaceName, macAddress, namespaceFd } });
  } catch (error) {
    throw explainFullBridge(error, connection.bridge);
  } finally {
    closeSync(namespaceFd);
  }
  try {
    setHairpin(netlink, name);
  } catch (error) {
    deleteLink(netlink, name);
    throw error;
  }
}

function requireBridge(netlink: NetlinkSocket, name: string): Link {
  const bridge = findLink(netlink, name);
  if (bridge !== undefined) return bridge;
  throw conflict(`the bridge ${name} is gone`, {
    code: "CTR_BRIDGE_GONE",
    hint: "somebody deleted it; restart ctrd to make it again",
  });
}

/** Connects an existing namespace again, whose cable was lost. @throws as {@link setUpSandbox} */
export function reconnect(netlink: NetlinkSocket, namespacePath: string, connection: Connection): void {
  using inside = enterNetworkNamespace(namespacePath, () => NetlinkSocket.open());
  connect(netlink, namespacePath, connection);
  configureInterface(inside, { ...connection, name: connection.interfaceName });
}

/**
 * Takes a sandbox away. Every step runs, whatever fails.
 * @throws `system` with a list of what failed
 */
export async function tearDownSandbox(tools: SandboxTools, plan: SandboxState): Promise<void> {
  const { netlink, store, firewall, hostPorts } = tools;
  const { containerId, namespacePath, connections } = plan;
  const ports = firewallPortsOf(plan, store.portsOf(containerId));
  await teardown(`the sandbox of ${containerId}`, [
    { what: "port rules", run: () => firewall.unpublish(ports) },
    { what: "host ports", run: () => hostPorts.release(containerId) },
    { what: "namespace", run: () => (namespacePath === undefined ? undefined : removeNamespace(namespacePath)) },
    ...connections.map(({ hostInterface }) => ({
      what: `link ${hostInterface}`,
      run: () => awaitLinkGone(netlink, hostInterface),
    })),
    { what: "record", run: () => store.removeSandbox(containerId) },
  ]);
}

/** The firewall's view of published ports: they lead to the container's first address. */
export function firewallPortsOf(
  { containerName, connections }: SandboxState,
  ports: readonly PublishedPort[],
): FirewallPort[] {
  const [first] = connections;
  if (first === undefined) return [];
  const address = formatAddress(first.address.address);
  return ports.map(({ protocol, hostIp, hostPort, containerPort }) => ({
    protocol,
    hostIp,
    hostPort,
    containerPort,
    address,
    owner: containerName,
  }));
}
