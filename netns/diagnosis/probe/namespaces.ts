/** Doing something in the network namespaces of places. */
import { enterNetworkNamespace } from "../../namespace.ts";
import { HOST, type Place } from "../types/index.ts";

/** Files or open descriptors of network namespaces, by place. The host's is the present one when it is not there. */
export type NamespaceReferences = ReadonlyMap<Place, string | number>;

/** @throws {SystemCallError} when the namespace cannot be entered, and what `body` throws */
export function inPlace<T>(references: NamespaceReferences, place: Place, body: () => T): T {
  const reference = references.get(place);
  if (reference === undefined && place === HOST) return body();
  if (reference === undefined) throw new Error(`the network namespace of ${place} is not known`);
  // Synchronous<T> is checked at run time there as well.
  return enterNetworkNamespace(reference, body as never) as T;
}
