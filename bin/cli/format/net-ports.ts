/** Rows of `ctr net ports`. */
import type { PortRow } from "../client/network-types.ts";
import { publishedAt } from "./ports.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const PORT_HEADINGS: Columns = {
  Host: "HOST",
  Container: "CONTAINER",
  Port: "PORT",
  Policy: "POLICY",
  HostIp: "HOST ADDRESS",
  HostPort: "HOST PORT",
  ContainerPort: "CONTAINER PORT",
  Protocol: "PROTOCOL",
  ContainerID: "CONTAINER ID",
};
export const PORT_COLUMNS = ["Host", "Container", "Port", "Policy"] as const;

export const portRow = (row: PortRow): RowFields => ({
  Host: publishedAt(row.HostIp, row.HostPort),
  HostIp: row.HostIp,
  HostPort: row.HostPort,
  Container: row.ContainerName,
  ContainerID: row.ContainerId,
  Port: `${row.ContainerPort}/${row.Protocol}`,
  ContainerPort: row.ContainerPort,
  Protocol: row.Protocol,
  Policy: row.Policy ?? "all",
});
