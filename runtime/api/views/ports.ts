/** Ports of a container: as the list of `docker ps` and as the map of `docker inspect`. */
import type { PublishedPort } from "../../../netns/index.ts";
import type { Container } from "../../types.ts";
import { isRunning } from "./status.ts";

export interface PortSummary {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

/** Where a port is published; `Policy` is ctr's own. */
export interface HostBinding {
  readonly HostIp: string;
  readonly HostPort: string;
  readonly Policy?: string;
}

export type PortMap = Readonly<Record<string, readonly HostBinding[] | null>>;

/**
 * Published ports first, then the exposed ones that are not published. None while the container does not run.
 * @param exposes false where no network would lead to an exposed port: Docker does not show them then
 */
export function portSummaries(container: Container, exposes = true): PortSummary[] {
  if (!isRunning(container)) return [];
  const published = container.ports.map(({ hostIp, hostPort, containerPort, protocol }) => ({
    IP: hostIp,
    PrivatePort: containerPort,
    ...(hostPort === 0 ? {} : { PublicPort: hostPort }),
    Type: protocol,
  }));
  const bound = new Set(container.ports.map(portKey));
  const exposed = (exposes ? exposedPorts(container) : [])
    .filter((key) => !bound.has(key))
    .map((key) => {
      const [port = "", protocol = "tcp"] = key.split("/");
      return { PrivatePort: Number(port), Type: protocol };
    });
  return [...exposed, ...published];
}

/** `80/tcp` → where it is published; null for a port that is only exposed. @param exposes as in {@link portSummaries} */
export function portMap(container: Container, exposes = true): PortMap {
  if (!isRunning(container)) return {};
  const map = Object.fromEntries((exposes ? exposedPorts(container) : []).map((key) => [key, null] as const));
  return { ...map, ...bindingsByPort(container.ports) };
}

/** `80/tcp` → where it is published. */
export function bindingsByPort(ports: readonly PublishedPort[]): Record<string, HostBinding[]> {
  const map: Record<string, HostBinding[]> = {};
  for (const port of ports) {
    const bindings = map[portKey(port)] ?? [];
    const { hostIp, hostPort, policy } = port;
    bindings.push({
      HostIp: hostIp,
      // Of a routed network no port of the host is taken: Docker's empty text.
      HostPort: hostPort === 0 ? "" : String(hostPort),
      ...(policy === undefined ? {} : { Policy: policy }),
    });
    map[portKey(port)] = bindings;
  }
  return map;
}

const portKey = ({ containerPort, protocol }: PublishedPort): string => `${containerPort}/${protocol}`;

const exposedPorts = ({ config }: Container): string[] =>
  Object.keys(config.ExposedPorts ?? {}).map((key) => (key.includes("/") ? key : `${key}/tcp`));
