/** How a container appears in events. */
import type { Container } from "../types.ts";
import type { Parts } from "./parts.ts";

/** RFC 3339 with nine digits, as Docker writes times. */
export function timeText(time: Date): string {
  return time.toISOString().replace("Z", "000000Z");
}

export const now = (): string => timeText(new Date());

/** Docker's «never». */
export const NEVER = "0001-01-01T00:00:00Z";

export function emitContainer(
  { events }: Pick<Parts, "events">,
  action: string,
  { id, name, imageName, config }: Container,
  further: Readonly<Record<string, string>> = {},
): void {
  events.emit("container", action, id, { ...config.Labels, image: imageName, name, ...further });
}

/** The container joins (`connect`) or leaves (`disconnect`) its networks. */
export function emitNetworks(
  { events, network }: Pick<Parts, "events" | "network">,
  action: "connect" | "disconnect",
  id: string,
): void {
  for (const { networkId, networkName } of network.endpointsOfContainer(id)) {
    const { driver } = network.findNetwork(networkId);
    events.emit("network", action, networkId, { container: id, name: networkName, type: driver });
  }
}
