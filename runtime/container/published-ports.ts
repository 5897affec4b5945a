/** `HostConfig.PortBindings` while ports come and go. Pure. */
import { formatPortKey, type PortBinding, type PublishedPort, parsePort } from "../../netns/index.ts";
import type { ApiPortBinding, Container, HostConfig } from "../types.ts";
import { portBindingsOf } from "./ports.ts";

export type PortBindings = NonNullable<HostConfig["PortBindings"]>;

/** One of the ports to give up: every binding of the container's port, or those of one host address or port alone. */
export interface PortChoice {
  /** `80/tcp`, or `80`. */
  readonly port: string;
  readonly hostIp?: string;
  readonly hostPort?: string;
}

/** Any free port, on all addresses. */
const EPHEMERAL: ApiPortBinding = { HostIp: "", HostPort: "" };

/** The bindings by well-formed keys, with those that `-P` stands for. */
export function allBindings({ config, hostConfig }: Container): PortBindings {
  const named: Record<string, ApiPortBinding[]> = {};
  for (const [key, bindings] of Object.entries(hostConfig.PortBindings ?? {})) {
    const port = formatPortKey(parsePort(key));
    named[port] = [...(named[port] ?? []), ...(bindings ?? [])];
  }
  if (hostConfig.PublishAllPorts !== true) return named;
  for (const key of Object.keys(config.ExposedPorts ?? {})) {
    const port = formatPortKey(parsePort(key));
    if ((named[port] ?? []).length === 0) named[port] = [EPHEMERAL];
  }
  return named;
}

export function joinBindings(present: PortBindings, added: PortBindings): PortBindings {
  const all: Record<string, readonly ApiPortBinding[] | null> = { ...present };
  for (const [key, bindings] of Object.entries(added)) {
    const port = formatPortKey(parsePort(key));
    all[port] = [...(all[port] ?? []), ...(bindings === null || bindings.length === 0 ? [EPHEMERAL] : bindings)];
  }
  return all;
}

export function withoutChosen(bindings: PortBindings, choices: readonly PortChoice[]): PortBindings {
  const rest: Record<string, readonly ApiPortBinding[]> = {};
  for (const [key, entries] of Object.entries(bindings)) {
    const kept = (entries ?? []).filter((entry) => !choices.some((choice) => isChosen(choice, key, entry)));
    if (kept.length > 0) rest[key] = kept;
  }
  return rest;
}

/** A binding without a host port of its own is chosen by the container's port alone. */
function isChosen({ port, hostIp, hostPort }: PortChoice, key: string, { HostIp, HostPort }: ApiPortBinding): boolean {
  return (
    formatPortKey(parsePort(port)) === key &&
    (!hostIp || !HostIp || hostIp === HostIp) &&
    (!hostPort || !HostPort || hostPort === HostPort)
  );
}

/** True when the container asks for such a port, or has it in force. */
export function isPublished(container: Container, choice: PortChoice): boolean {
  const asked = Object.entries(allBindings(container)).some(([key, entries]) =>
    (entries ?? []).some((entry) => isChosen(choice, key, entry)),
  );
  return (
    asked ||
    container.ports.some((port) =>
      isChosen(choice, formatPortKey(port), { HostIp: port.hostIp, HostPort: String(port.hostPort) }),
    )
  );
}

/** Those of the ports that the container does not ask for. */
export function strayPorts(container: Container, ports: readonly PublishedPort[]): PublishedPort[] {
  const asked = portBindingsOf(container.config, container.hostConfig);
  return ports.filter((port) => !asked.some((binding) => givesRise(binding, port)));
}

function givesRise(
  { protocol, containerPort, hostIp, hostPort, hostPortEnd }: PortBinding,
  port: PublishedPort,
): boolean {
  // Of a routed network: whatever host address and port were asked for.
  const isRouted = port.hostPort === 0;
  const inRange =
    isRouted || hostPort === 0 || (port.hostPort >= hostPort && port.hostPort <= (hostPortEnd ?? hostPort));
  return (
    protocol === port.protocol &&
    containerPort === port.containerPort &&
    (isRouted || hostIp === "" || hostIp === port.hostIp) &&
    inRange
  );
}

/** As the network layer takes it. */
export function portOf({ port, hostIp, hostPort }: PortChoice) {
  return {
    ...parsePort(port),
    ...(hostIp ? { hostIp } : {}),
    ...(hostPort ? { hostPort: Number(hostPort) } : {}),
  };
}

/** What is published is exposed, too. */
export const exposedBy = (bindings: PortBindings): Record<string, object> =>
  Object.fromEntries(Object.keys(bindings).map((key) => [formatPortKey(parsePort(key)), {}]));
