/**
 * Which way frames take between two links: over a cable, or through one or more bridges. Faults on the way do not matter
 * here: they are found when a frame takes it.
 */
import type { LinkState } from "../../types/index.ts";
import type { NamespaceModel } from "../namespace.ts";
import type { Port, World } from "../world.ts";

/** Through a bridge: in by one port and out by another. */
export interface Crossing {
  readonly namespace: NamespaceModel;
  readonly bridge: LinkState;
  /** Undefined: the namespace sends by the bridge itself. */
  readonly from: LinkState | undefined;
  /** Undefined: up into the namespace that has the bridge. */
  readonly to: LinkState | undefined;
}

export interface Path {
  readonly start: Port;
  readonly crossings: readonly Crossing[];
  /** Undefined: out of what the snapshot knows. */
  readonly end: Port | undefined;
}

/** What a link is plugged into. */
type Attachment =
  | {
      readonly kind: "bridge";
      readonly namespace: NamespaceModel;
      readonly bridge: LinkState;
      readonly port: LinkState | undefined;
    }
  | { readonly kind: "cable"; readonly other: Port }
  | { readonly kind: "beyond" };

/** Bridges behind bridges that are looked at. */
const DEEPEST = 4;

export function attachmentOf(world: World, port: Port): Attachment {
  const { namespace, link } = port;
  if (link.kind === "bridge") return { kind: "bridge", namespace, bridge: link, port: undefined };
  const other = world.peerOf(port);
  if (other === undefined) return { kind: "beyond" };
  const bridge = bridgeOf(world, other);
  return bridge === undefined
    ? { kind: "cable", other }
    : { kind: "bridge", namespace: other.namespace, bridge, port: other.link };
}

/** The bridge that a link is, or should be, a port of. */
export function bridgeOf(world: World, port: Port): LinkState | undefined {
  const { namespace, link } = port;
  return namespace.link(world.intendedBridge(port) ?? link.master);
}

/** @returns undefined when frames do not get from one to the other */
export function findPath(world: World, start: Port, end: Port): Path | undefined {
  const from = attachmentOf(world, start);
  if (from.kind === "beyond") return undefined;
  if (from.kind === "cable") return isSame(from.other, end) ? { start, crossings: [], end } : undefined;
  const crossings = findCrossings(world, from, end, DEEPEST);
  return crossings && { start, crossings, end };
}

type AtBridge = Extract<Attachment, { kind: "bridge" }>;

function findCrossings(world: World, from: AtBridge, end: Port, depth: number): readonly Crossing[] | undefined {
  const { namespace, bridge, port } = from;
  const to = attachmentOf(world, end);
  if (to.kind === "bridge" && to.namespace === namespace && to.bridge === bridge) {
    return to.port === port ? undefined : [{ namespace, bridge, from: port, to: to.port }];
  }
  if (depth === 0) return undefined;
  for (const next of namespace.ports(bridge.name)) {
    if (next === port) continue;
    const beyond = attachmentOf(world, { namespace, link: next });
    if (beyond.kind !== "bridge" || beyond.port === undefined) continue;
    const rest = findCrossings(world, beyond, end, depth - 1);
    if (rest !== undefined) return [{ namespace, bridge, from: port, to: next }, ...rest];
  }
  return undefined;
}

/** Out of the snapshot: by the link itself, or by a port of its bridge that leads there. */
export function findWayOut(world: World, start: Port): Path | undefined {
  const from = attachmentOf(world, start);
  if (from.kind === "beyond") return { start, crossings: [], end: undefined };
  if (from.kind === "cable") return undefined;
  const { namespace, bridge, port } = from;
  const to = namespace
    .ports(bridge.name)
    .find((link) => link !== port && attachmentOf(world, { namespace, link }).kind === "beyond");
  return to && { start, crossings: [{ namespace, bridge, from: port, to }], end: undefined };
}

export const isSame = (one: Port, other: Port): boolean => one.namespace === other.namespace && one.link === other.link;
