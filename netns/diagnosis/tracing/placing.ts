/** In which namespace a device is that the kernel names: it tells the name alone, and every container has an `eth0`. Pure. */
import type { SnapshotView } from "../snapshot-view.ts";
import { HOST, type LinkState, OUTSIDE, type Place } from "../types/index.ts";

export interface PlacedLink {
  readonly place: Place;
  /** Undefined outside: of what is there nothing is known, also where it is another namespace of this machine. */
  readonly link: LinkState | undefined;
}

export const linkNamed = (view: SnapshotView, place: Place, device: string | undefined): LinkState | undefined =>
  view.namespace(place)?.links.find(({ name }) => name === device);

/**
 * Where a packet is next, when one knows where it was: at the other end of the cable, or still in the same namespace.
 * @param crossed it was sent before, and received now
 */
export function nextPlace(
  view: SnapshotView,
  before: PlacedLink | undefined,
  device: string,
  crossed: boolean,
): PlacedLink | undefined {
  if (before === undefined) return onlyLinkNamed(view, device);
  const end = before.link && view.peerOf(before.link);
  if (end?.link.name === device) return { place: end.namespace.key, link: end.link };
  if (crossed && (before.link === undefined || leadsOut(before.link, device)))
    return { place: OUTSIDE, link: undefined };
  const link = linkNamed(view, before.place, device);
  return link === undefined ? onlyLinkNamed(view, device) : { place: before.place, link };
}

/** What is sent on a bridge or on loopback is received on this side. */
const leadsOut = ({ kind, name, peer }: LinkState, device: string): boolean =>
  name !== device && kind !== "bridge" && (kind !== "veth" || peer?.namespace === undefined);

/** Where a packet began is told by where it comes out. */
export function placeBefore(
  view: SnapshotView,
  device: string | undefined,
  next: string | undefined,
): PlacedLink | undefined {
  const link = linkNamed(view, HOST, next);
  const end = link && view.peerOf(link);
  if (end !== undefined && end.link.name === device) return { place: end.namespace.key, link: end.link };
  return device === undefined ? undefined : onlyLinkNamed(view, device);
}

/** Undefined when several namespaces have such a link. */
export function onlyLinkNamed(view: SnapshotView, device: string): PlacedLink | undefined {
  const found = view.snapshot.namespaces.flatMap(({ key, links }) => {
    const link = links.find(({ name }) => name === device);
    return link === undefined ? [] : { place: key, link };
  });
  return found.length === 1 ? found[0] : undefined;
}
