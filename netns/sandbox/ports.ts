/** The ports of a sandbox: reserved on the host, recorded, redirected by the firewall or carried by a proxy. */
import { prefixed } from "../../lib/errors.ts";
import type { ProxySpecification } from "../dataplane/index.ts";
import type { Connection } from "../drivers/index.ts";
import type { FirewallPort } from "../firewall/index.ts";
import { formatAddress } from "../ipam/ip.ts";
import { settingsOf } from "../networks/options.ts";
import { expandBindings, isDirect, needsProxy, type PlacedBinding, type PortTarget, pathsOf } from "../ports/index.ts";
import type { PortBinding, PublishedPort } from "../types.ts";
import type { SandboxState, SandboxTools } from "./types.ts";

/** Ports in force, and the sandbox that they lead into. */
export interface Publication {
  readonly state: SandboxState;
  readonly ports: readonly PublishedPort[];
}

/** The addresses that ports lead to: those on the networks of the default routes, when these are bridges. */
export function portTarget({ config }: Pick<SandboxTools, "config">, { gateways }: SandboxState): PortTarget {
  const address = ({ network, address4 }: Connection) => (network.driver === "bridge" ? address4 : undefined);
  const address6 = (connection: Connection) =>
    connection.network.driver === "bridge" ? connection.address6 : undefined;
  const { ipv4, ipv6 } = gateways;
  const text = (value: Connection["address4"]) => (value === undefined ? "" : formatAddress(value));
  return {
    address: text(ipv4 && address(ipv4)),
    address6: text(ipv6 && address6(ipv6)),
    routed: ipv4?.network.driver === "bridge" && settingsOf(ipv4.network).gatewayMode4 === "routed",
    routed6: ipv6?.network.driver === "bridge" && settingsOf(ipv6.network).gatewayMode6 === "routed",
    userlandProxy: config.userlandProxy ?? true,
  };
}

/**
 * What of the asked for bindings can be published now, each with its host address. Nothing where no bridge network leads
 * out: the ports come into force with the first that does, as in Docker.
 * @throws `invalid` for an address from which the container cannot be reached
 */
export function bindingsInForce(
  tools: Pick<SandboxTools, "config">,
  state: SandboxState,
  bindings: readonly PortBinding[],
): PlacedBinding[] {
  const target = portTarget(tools, state);
  if (bindings.length === 0 || (target.address === "" && target.address6 === "")) return [];
  const gateway = state.gateways.ipv4 ?? state.gateways.ipv6;
  const address = gateway === undefined ? "" : settingsOf(gateway.network).hostBinding;
  const { publishPolicy: policy } = tools.config;
  return expandBindings(bindings, target, {
    ...(address === "" ? {} : { address }),
    ...(policy === undefined ? {} : { policy }),
  });
}

/** @throws the host ports' errors, under Docker's words for where it happened */
export function reservePorts(
  { hostPorts }: Pick<SandboxTools, "hostPorts">,
  state: SandboxState,
  bindings: readonly PlacedBinding[],
): PublishedPort[] {
  if (bindings.length === 0) return [];
  try {
    const reserved = hostPorts.reserve(
      bindings.filter((binding) => !isRouted(binding)),
      state,
    );
    return bindings.flatMap((binding) => (isRouted(binding) ? openPort(binding) : (reserved.shift() ?? [])));
  } catch (error) {
    throw prefixed(`driver failed programming external connectivity on endpoint ${state.describe}`, error);
  }
}

const isRouted = ({ routed }: PlacedBinding): boolean => routed === true;

const openPort = ({ protocol, containerPort, hostIp }: PlacedBinding): PublishedPort => ({
  ...{ protocol, containerPort, hostIp, hostPort: 0 },
});

export interface PortMatch {
  readonly kept: PublishedPort[];
  readonly gone: PublishedPort[];
  /** Still to be reserved. */
  readonly missing: PlacedBinding[];
}

/** Which ports of those in force are among the wanted ones: they stay as they are. */
export function matchPorts(ports: readonly PublishedPort[], wanted: readonly PlacedBinding[]): PortMatch {
  const left = [...ports];
  const kept: PublishedPort[] = [];
  const missing: PlacedBinding[] = [];
  for (const binding of wanted) {
    const index = left.findIndex((port) => answers(port, binding));
    const [port] = index < 0 ? [] : left.splice(index, 1);
    if (port === undefined) missing.push(binding);
    else kept.push(port);
  }
  return { kept, gone: left, missing: missing.map((binding) => besideSibling(binding, kept)) };
}

function answers(port: PublishedPort, binding: PlacedBinding): boolean {
  const { hostPort: first, hostPortEnd: last = first } = binding;
  return (
    (port.hostPort === 0) === isRouted(binding) &&
    port.protocol === binding.protocol &&
    port.containerPort === binding.containerPort &&
    port.hostIp === binding.hostIp &&
    port.policy === binding.policy &&
    (first === 0 || (port.hostPort >= first && port.hostPort <= last))
  );
}

/** The two families of a binding have one number: the one that is in force already says which. */
function besideSibling(binding: PlacedBinding, kept: readonly PublishedPort[]): PlacedBinding {
  const { hostPort: first, hostPortEnd: last = first } = binding;
  if (isRouted(binding)) return binding;
  if (first !== 0 && first === last) return binding;
  const sibling = kept.find((port) => answers(port, { ...binding, hostIp: port.hostIp }));
  if (sibling === undefined) return binding;
  const { hostPortEnd: _, ...single } = binding;
  return { ...single, hostPort: sibling.hostPort };
}

/** As the firewall is told of them. */
export function firewallPortsOf(tools: Pick<SandboxTools, "config">, { state, ports }: Publication): FirewallPort[] {
  const { gateways, containerName: owner } = state;
  return pathsOf(ports, portTarget(tools, state)).redirected.map((port) => {
    const bridge = (port.address.includes(":") ? gateways.ipv6 : gateways.ipv4)?.network.bridge;
    const { protocol, hostIp, hostPort, address, containerPort } = port;
    return {
      ...{ protocol, hostIp, hostPort, address, containerPort, owner },
      ...(bridge === undefined ? {} : { bridge }),
      ...(isDirect(hostIp, tools.config.allowDirectRouting) ? { direct: true } : {}),
    };
  });
}

export const proxiesOf = (
  tools: Pick<SandboxTools, "config">,
  { state, ports }: Publication,
): readonly ProxySpecification[] => pathsOf(ports, portTarget(tools, state)).proxied;

type RuleTools = Pick<SandboxTools, "config" | "firewall" | "conntrack">;

/** Opens and closes what differs between two moments. */
export function changeRules(tools: RuleTools, from: Publication, to: Publication): void {
  const { firewall, conntrack } = tools;
  const [before, after] = [firewallPortsOf(tools, from), firewallPortsOf(tools, to)];
  const key = (port: FirewallPort): string => JSON.stringify({ ...port, owner: "" });
  const [closing, opening] = [without(before, after, key), without(after, before, key)];
  firewall.unpublish(closing);
  try {
    firewall.publish(opening);
  } catch (error) {
    firewall.publish(closing);
    throw error;
  }
  // A UDP flow that is known goes on to where its port led before.
  conntrack.deleteStaleUdp({ ports: [...closing, ...opening] });
}

/**
 * Starts, redirects and ends proxies, so that those of `to` run. Their ports are left to them.
 * @throws when one cannot be started
 */
export async function changeProxies(
  tools: Pick<SandboxTools, "config" | "dataPlane" | "hostPorts">,
  from: Publication,
  to: Publication,
): Promise<void> {
  const { dataPlane, hostPorts } = tools;
  const [before, after] = [proxiesOf(tools, from), proxiesOf(tools, to)];
  const ended = without(before, after, ({ id }) => id);
  await dataPlane.unproxy(ended.map(({ id }) => id));
  const started = without(after, before, (proxy) => JSON.stringify(proxy));
  if (started.length === 0) return;
  const target = portTarget(tools, to.state);
  const proxied = to.ports.filter((port) => needsProxy(port, target));
  await hostPorts.handOver(to.state.containerId, proxied, () => dataPlane.proxy(started));
}

function without<T>(list: readonly T[], others: readonly T[], key: (entry: T) => string): T[] {
  if (others.length === 0) return [...list];
  const keys = new Set(others.map(key));
  return list.filter((entry) => !keys.has(key(entry)));
}
