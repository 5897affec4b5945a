/** The API's `PortBindings`, `ExposedPorts` and `PublishAllPorts` → what a container publishes. */
import { invalid } from "../../lib/errors.ts";
import type { PortBinding, Protocol } from "../types.ts";
import { canonicalAddress } from "./host-address.ts";
import { checkProtocol, parsePortRange, parsePublishPolicy, splitProtocol } from "./publish.ts";

/** `HostConfig.PortBindings`: by `80/tcp`. */
export type ApiPortMap = Readonly<Record<string, readonly ApiPortBinding[] | null>>;

interface ApiPortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
  /** Ours: a {@link PublishPolicy}. */
  readonly Policy?: string;
}

export interface PortMapRequest {
  readonly portBindings?: ApiPortMap | null;
  /** Keys of `Config.ExposedPorts`, with those of the image: `80/tcp`. */
  readonly exposedPorts?: readonly string[];
  /** `-P`: an ephemeral host port for each exposed port that has no binding. */
  readonly publishAllPorts?: boolean;
}

export interface ContainerPort {
  readonly protocol: Protocol;
  readonly containerPort: number;
}

/**
 * Reads a key such as `80/tcp`, or `80`.
 * @throws `invalid` with Docker's text
 */
export function parsePort(key: string): ContainerPort {
  const { ports, protocol } = splitProtocol(key);
  const range = parsePortRange(ports);
  if (range === undefined || range.start !== range.end || range.start === 0) throw badSpecification(ports);
  return { protocol: checkProtocol(protocol), containerPort: range.start };
}

/** `80/tcp`. */
export const formatPortKey = ({ protocol, containerPort }: ContainerPort): string => `${containerPort}/${protocol}`;

/**
 * What to publish, ordered by container port.
 * @throws `invalid` with Docker's text
 */
export function portBindingsOf({ portBindings, exposedPorts = [], publishAllPorts }: PortMapRequest): PortBinding[] {
  const byKey = new Map<string, PortBinding[]>();
  for (const [key, entries] of Object.entries(portBindings ?? {})) {
    const port = parsePort(key);
    const bindings = (entries ?? []).map((entry) => bindingOf(port, entry));
    byKey.set(formatPortKey(port), [...(byKey.get(formatPortKey(port)) ?? []), ...bindings]);
  }
  if (publishAllPorts === true) {
    for (const port of [...byKey.keys(), ...exposedPorts].map(parsePort)) {
      const key = formatPortKey(port);
      if ((byKey.get(key) ?? []).length === 0) byKey.set(key, [{ ...port, hostIp: "", hostPort: 0 }]);
    }
  }
  return [...byKey.values()]
    .flat()
    .sort((a, b) => a.containerPort - b.containerPort || a.protocol.localeCompare(b.protocol));
}

function bindingOf(port: ContainerPort, { HostIp = "", HostPort: hostPort = "", Policy }: ApiPortBinding): PortBinding {
  const hostIp = HostIp === "" ? "" : canonicalAddress(HostIp);
  if (hostIp === undefined) throw invalid(`invalid IP address: ${HostIp}`, "CTR_PORT_INVALID");
  const range = hostPort === "" ? { start: 0, end: 0 } : parsePortRange(hostPort);
  if (range === undefined || (range.start === 0 && range.end !== 0)) throw badSpecification(hostPort);
  return {
    ...port,
    hostIp,
    hostPort: range.start,
    ...(range.end > range.start ? { hostPortEnd: range.end } : {}),
    ...(Policy ? { policy: parsePublishPolicy(Policy) } : {}),
  };
}

const badSpecification = (text: string) => invalid(`invalid port specification: "${text}"`, "CTR_PORT_INVALID");
