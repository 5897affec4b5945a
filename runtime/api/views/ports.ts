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

export type PortMap = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
>;

const ALL_ADDRESSES = "0.0.0.0";

/** Published ports first, then the exposed ones that are not published. None while the container does not run. */
export function portSummaries(container: Container): PortSummary[] {
  if (!isRunning(container)) return [];
  const published = container.ports.map(({ hostIp, hostPort, containerPort, protocol }) => ({
    IP: hostIp === "" ? ALL_ADDRESSES : hostIp,
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol,
  }));
  const bound = new Set(container.ports.map(portKey));
  const exposed = exposedPorts(container)
    .filter((key) => !bound.has(key))
    .map((key) => {
      const [port = "", protocol = "tcp"] = key.split("/");
      return { PrivatePort: Number(port), Type: protocol };
    });
  return [...exposed, ...published];
}

/** `80/tcp` → where it is published; null for a port that is only exposed. */
export function portMap(container: Container): PortMap {
  if (!isRunning(container)) return {};
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const key of exposedPorts(container)) map[key] = null;
  for (const port of container.ports) {
    const bindings = map[portKey(port)] ?? [];
    bindings.push({ HostIp: port.hostIp === "" ? ALL_ADDRESSES : port.hostIp, HostPort: String(port.hostPort) });
    map[portKey(port)] = bindings;
  }
  return map;
}

const portKey = ({ containerPort, protocol }: PublishedPort): string => `${containerPort}/${protocol}`;

const exposedPorts = ({ config }: Container): string[] =>
  Object.keys(config.ExposedPorts ?? {}).map((key) => (key.includes("/") ? key : `${key}/tcp`));
