/** The PORTS column of `ctr ps`: neighbouring ports together. */
import type { Port } from "../client/types.ts";

interface Group {
  readonly address: string;
  readonly type: string;
  readonly first: number;
  readonly last: number;
}

/** `0.0.0.0:7000-7003->7000-7003/tcp, 0.0.0.0:8080->80/tcp, 53/udp`: ports that keep their number first, in ranges. */
export function displayPorts(ports: readonly Port[]): string {
  const finished: string[] = [];
  const open = new Map<string, Group>();
  const mapped: string[] = [];
  for (const { IP: address = "", PrivatePort: port, PublicPort, Type: type } of [...ports].sort(byPort)) {
    if (address !== "" && PublicPort !== port) {
      mapped.push(`${hostPort(address, PublicPort ?? 0)}->${port}/${type}`);
      continue;
    }
    const key = `${address}/${type}`;
    const group = open.get(key);
    if (group !== undefined && port !== group.last + 1) finished.push(groupText(group));
    const first = group !== undefined && port === group.last + 1 ? group.first : port;
    open.set(key, { address, type, first, last: port });
  }
  return [...finished, ...[...open.values()].map(groupText), ...mapped].join(", ");
}

/** An address and a port; IPv6 in brackets. */
/** Where a published port is reached: of a routed network (port 0) at the container's own address alone. */
export function publishedAt(address: string, port: number | string): string {
  if (port !== 0) return hostPort(address, port);
  return address === "*" ? "routed" : `routed (${address.includes(":") ? "IPv6" : "IPv4"})`;
}

export const hostPort = (address: string, port: number | string): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

function groupText({ address, type, first, last }: Group): string {
  const range = first === last ? String(first) : `${first}-${last}`;
  return address === "" ? `${range}/${type}` : `${hostPort(address, range)}->${range}/${type}`;
}

function byPort(a: Port, b: Port): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compareText(a.IP ?? "", b.IP ?? "") ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compareText(a.Type, b.Type)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
