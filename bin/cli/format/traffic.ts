/** Rows of `ctr net top`: what went over each interface between two looks. */
import { formatSize } from "../../../lib/units/size.ts";
import type { TrafficRow } from "../../../netns/index.ts";
import { formatRate } from "../network/rate.ts";
import type { RowFields } from "./row.ts";
import type { Columns } from "./rows.ts";

export interface NamedTraffic extends TrafficRow {
  readonly containerName: string;
}

export const TRAFFIC_HEADINGS: Columns = {
  Name: "CONTAINER",
  Network: "NETWORK",
  Interface: "INTERFACE",
  Receives: "RECEIVES",
  Sends: "SENDS",
  Packets: "PACKETS/S",
  Received: "RECEIVED",
  Sent: "SENT",
  Dropped: "DROPPED",
  ID: "CONTAINER ID",
};
export const TRAFFIC_COLUMNS = [
  "Name",
  "Network",
  "Interface",
  "Receives",
  "Sends",
  "Packets",
  "Received",
  "Sent",
  "Dropped",
] as const;

/**
 * The busiest first.
 * @param seconds between the two; an interface that was not there before counts from zero
 */
export function trafficRows(
  before: readonly NamedTraffic[],
  after: readonly NamedTraffic[],
  seconds: number,
): RowFields[] {
  const old = new Map(before.map((row) => [keyOf(row), row]));
  return after
    .map((row) => ({ row, change: changeOf(row, old.get(keyOf(row))) }))
    .sort((a, b) => b.change.bytes - a.change.bytes || compareText(keyOf(a.row), keyOf(b.row)))
    .map(({ row, change }) => ({
      ID: row.containerId,
      Name: row.containerName,
      Network: row.networkName,
      Interface: row.interfaceName,
      Receives: formatRate((change.received * 8) / seconds),
      Sends: formatRate((change.sent * 8) / seconds),
      Packets: String(Math.round(change.packets / seconds)),
      Received: formatSize(row.receivedBytes),
      Sent: formatSize(row.sentBytes),
      Dropped: String(row.receivedDropped + row.sentDropped),
    }));
}

/** Counters begin again when the container was restarted in between. */
function changeOf(now: NamedTraffic, then: NamedTraffic | undefined) {
  const since = (field: "receivedBytes" | "sentBytes" | "receivedPackets" | "sentPackets"): number => {
    const old = then?.[field] ?? 0;
    return now[field] >= old ? now[field] - old : now[field];
  };
  const [received, sent] = [since("receivedBytes"), since("sentBytes")];
  return { received, sent, bytes: received + sent, packets: since("receivedPackets") + since("sentPackets") };
}

const keyOf = ({ containerName, containerId, interfaceName }: NamedTraffic): string =>
  `${containerName} ${containerId} ${interfaceName}`;

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
