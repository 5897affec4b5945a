/** Rows of `ctr net ls`. */
import { shortId } from "../../../lib/ids.ts";
import type { NetworkSummary } from "../client/types.ts";
import { labelList } from "./containers.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export const NETWORK_HEADINGS: Columns = {
  ID: "NETWORK ID",
  Name: "NAME",
  Driver: "DRIVER",
  Scope: "SCOPE",
  IPv4: "IPV4",
  IPv6: "IPV6",
  Internal: "INTERNAL",
  Labels: "LABELS",
  Label: "LABEL",
  CreatedAt: "CREATED AT",
};

export const NETWORK_COLUMNS = ["ID", "Name", "Driver", "Scope"] as const;

export function networkRow(network: NetworkSummary, full: boolean): RowFields {
  const labels = network.Labels ?? {};
  return {
    ID: full ? network.Id : shortId(network.Id),
    Name: network.Name,
    Driver: network.Driver,
    Scope: network.Scope,
    IPv4: String(network.EnableIPv4 ?? false),
    IPv6: String(network.EnableIPv6),
    Internal: String(network.Internal),
    Labels: labelList(labels),
    Label: (name) => labels[String(name)] ?? "",
    CreatedAt: utcTime(network.Created),
  };
}

/** `2026-11-24 11:43:16.009198029 +0000 UTC`: the engine's own time, with its fraction. */
function utcTime(rfc3339: string): string {
  const [, day, time, zone = ""] = /^([\d-]+)T([\d:.]+)(Z|[+-]\d\d:\d\d)$/.exec(rfc3339) ?? [];
  if (day === undefined) return rfc3339;
  return `${day} ${time} ${zone === "Z" ? "+0000 UTC" : `${zone.replace(":", "")} ${zone.replace(":", "")}`}`;
}
