/** Ports of the host that the store says lead to containers. */
import type { PublishedPort } from "../../../types.ts";
import type { IntendedContainer } from "../../types/index.ts";
import { addressText, type Packet, protocolName } from "../packet.ts";
import type { World } from "../world.ts";

export interface Publication {
  readonly container: IntendedContainer;
  readonly port: PublishedPort;
  /** The container's, of the family of the host's address; of the other when it has none. */
  readonly address: string;
  /** A proxy carries it: the families differ, or the host's firewall is to decide. */
  readonly isProxied: boolean;
}

const indexes = new WeakMap<World, ReadonlyMap<string, readonly Publication[]>>();

/** What the port that the packet goes to is published for; an address of its own goes before all. */
export function publicationOf(world: World, packet: Packet): Publication | undefined {
  const index = indexes.get(world) ?? indexPublications(world);
  indexes.set(world, index);
  const candidates = index.get(`${protocolName(packet.protocol)} ${packet.destinationPort}`) ?? [];
  const address = addressText(packet.family, packet.destination);
  const wildcard = packet.family === 4 ? "0.0.0.0" : "::";
  return (
    candidates.find(({ port }) => port.hostIp === address) ?? candidates.find(({ port }) => port.hostIp === wildcard)
  );
}

function indexPublications(world: World): ReadonlyMap<string, readonly Publication[]> {
  const all = world.view.snapshot.intent.containers
    .filter(({ running }) => running)
    .flatMap((container) => container.ports.map((port) => publish(container, port)));
  return Map.groupBy(all, ({ port }) => `${port.protocol} ${port.hostPort}`);
}

function publish(container: IntendedContainer, port: PublishedPort): Publication {
  const endpoint =
    container.endpoints.find(({ gateway, gateway6 }) => gateway !== "" || gateway6 !== "") ?? container.endpoints[0];
  const { address = "", address6 = "" } = endpoint ?? {};
  const own = port.hostIp.includes(":") ? address6 : address;
  const isProxied = port.policy === "hostfw" || port.hostIp === "::1" || own === "";
  return { container, port, address: own || address || address6, isProxied };
}
