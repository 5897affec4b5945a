/** Where the flow's packets may come by, and the names that its ends may have there. Pure. */
import type { SnapshotView } from "../snapshot-view.ts";
import { type Flow, HOST, type NamespaceState, OUTSIDE, type Place } from "../types/index.ts";

/**
 * Namespaces in the order of the way there: the sender's, the host's, those that the packets may be meant for.
 * @param expected where somebody who knows more expects it to come by
 */
export function placesOnTheWay(view: SnapshotView, flow: Flow, expected: readonly Place[] = []): Place[] {
  const receivers = [
    ...(flow.to === undefined ? [] : [flow.to]),
    ...view.holdersOf(flow.destination).map(({ namespace }) => namespace.key),
    ...publishedBy(view, flow),
    ...expected,
  ].filter((place) => place !== HOST);
  const places = [...new Set([flow.from, HOST, ...receivers])];
  return places.filter((place) => place !== OUTSIDE && view.namespace(place) !== undefined);
}

/** Containers that the port of the host leads to. */
function publishedBy(view: SnapshotView, { destinationPort, protocol }: Flow): Place[] {
  return view.snapshot.intent.containers
    .filter(({ ports }) => ports.some((port) => port.hostPort === destinationPort && port.protocol === protocol))
    .flatMap(({ namespace }) => namespace ?? []);
}

/** Ports that the port of the host leads to, and that itself. */
export function portsOfReceiver(view: SnapshotView, { destinationPort, protocol }: Flow): number[] {
  const published = view.snapshot.intent.containers.flatMap(({ ports }) =>
    ports.filter((port) => port.hostPort === destinationPort && port.protocol === protocol),
  );
  return [destinationPort, ...published.map(({ containerPort }) => containerPort)];
}

/** All addresses of a namespace, of one family. */
export const addressesOf = (namespace: NamespaceState | undefined, family: 4 | 6): string[] =>
  (namespace?.links ?? []).flatMap(({ addresses }) =>
    addresses.map(({ address }) => address).filter((address) => address.includes(":") === (family === 6)),
  );

/** Addresses that the sender's packets may have: its own, and those that the host translates it to. */
export function addressesOfSender(view: SnapshotView, flow: Flow, source: string | undefined): string[] {
  const own = source === undefined ? addressesOf(view.namespace(flow.from), flow.family) : [source];
  return [...new Set([...own, ...addressesOf(view.host, flow.family)])];
}

/** Those that the receiver's may have, before and after translation. */
export function addressesOfReceiver(view: SnapshotView, flow: Flow, places: readonly Place[]): string[] {
  const receivers = places.filter((place) => place !== flow.from && place !== HOST);
  return [
    ...new Set([flow.destination, ...receivers.flatMap((place) => addressesOf(view.namespace(place), flow.family))]),
  ];
}
