/** In which namespace a device is that the kernel names: it tells the name alone, and every container has an `eth0`. Pure. */
import type { SnapshotView } from "../snapshot-view.ts";
import { HOST, type LinkState, type Place } from "../types/index.ts";

export interface PlacedLink {
  readonly place: Place;
  readonly link: LinkState;
}

export const linkNamed = (view: SnapshotView, place: Place, device: string | undefined): LinkState | undefined =>
  view.namespace(place)?.links.find(({ name }) => name === device);

/** Where a packet is next, when one knows where it was: at the other end of the cable, or still in the same namespace. */
export function nextPlace(view: SnapshotView, before: PlacedLink | undefined, device: string): PlacedLink | undefined {
  if (before === undefined) return onlyLinkNamed(view, device);
  const end = view.peerOf(before.link);
  if (end?.link.name === device) return { place: end.namespace.key, link: end.link };
  const link = linkNamed(view, before.place, device);
  return link === undefined ? onlyLinkNamed(view, device) : { place: before.place, link };
}

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
