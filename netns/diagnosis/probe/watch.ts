/** Follows the packets of others: everything is armed, and nothing is sent. */
import { setTimeout as delay } from "node:timers/promises";
import type { SnapshotView } from "../snapshot-view.ts";
import { type Flow, HOST, type NotRead, type Observations, OUTSIDE, type Place } from "../types/index.ts";
import { Armed } from "./armed.ts";
import { Bystanders } from "./bystanders.ts";
import type { NamespaceReferences } from "./namespaces.ts";
import { addressesOf, addressesOfReceiver, addressesOfSender, placesOnTheWay, portsOfReceiver } from "./places.ts";
import type { FlowEnd, Selection } from "./selection.ts";

export interface WatchOptions {
  /** Of the containers, and of the host where it is not the present one. */
  readonly namespaces: NamespaceReferences;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Where the flow is expected to come by, beside what follows from its ends. */
  readonly places?: readonly Place[];
}

/** Milliseconds between two looks, and those without a packet after which what was seen is told. */
const LOOK = 5;
const QUIET = 60;
/** While packets come all the time, it is told so often. Milliseconds. */
const LONGEST_BURST = 500;

const NOT_SEEN: readonly NotRead[] = [
  { what: "devices and drops of packets", why: "packets of others cannot be told apart there" },
];

/**
 * Yields what is seen of packets between the flow's ends, a burst at a time, until the signal ends it. No more than 20
 * packets a second and namespace are followed. Needs root.
 */
export async function* watch(view: SnapshotView, flow: Flow, options: WatchOptions): AsyncGenerator<Observations> {
  const places = placesOnTheWay(view, flow, options.places);
  const { namespaces, signal } = options;
  const selection = selectionOf(view, flow, places);
  await using armed = Armed.start({ view, places, selection, namespaces });
  const began = performance.now();
  for (;;) {
    const bystanders = new Bystanders({ view, flow, places, namespaces });
    if (!(await nextBurst(armed, began, signal))) return;
    const verdicts = armed.take().map(({ key: _, ...step }) => step);
    const notSeen = [...NOT_SEEN, ...armed.notSeen(), ...bystanders.notSeen];
    yield { attempts: [], verdicts, devices: [], drops: [], ...bystanders.afterwards([]), notSeen };
  }
}

/** @returns false when it has ended before anything was seen */
async function nextBurst(armed: Armed, began: number, signal: AbortSignal | undefined): Promise<boolean> {
  let first: number | undefined;
  let last = 0;
  while (signal?.aborted !== true) {
    const now = performance.now();
    if (armed.collect(now - began)) {
      first ??= now;
      last = now;
    }
    if (first !== undefined && (now - last > QUIET || now - first > LONGEST_BURST)) return true;
    await delay(LOOK);
  }
  return first !== undefined;
}

function selectionOf(view: SnapshotView, flow: Flow, places: readonly Place[]): Selection {
  const isIcmp = flow.protocol === "icmp";
  return {
    family: flow.family,
    protocol: flow.protocol,
    near: { ...senders(view, flow), ports: flow.sourcePort === 0 || isIcmp ? undefined : [flow.sourcePort] },
    far: {
      addresses: addressesOfReceiver(view, flow, places),
      ports: isIcmp ? undefined : portsOfReceiver(view, flow),
    },
    openingOnly: false,
  };
}

/** Anybody but containers, when nobody in particular is meant outside. */
function senders(view: SnapshotView, flow: Flow): Pick<FlowEnd, "addresses" | "except"> {
  const chosen = flow.source === "" ? undefined : flow.source;
  if (flow.from !== OUTSIDE || chosen !== undefined) return { addresses: addressesOfSender(view, flow, chosen) };
  const containers = view.snapshot.namespaces.filter(({ key }) => key !== HOST);
  return { addresses: undefined, except: containers.flatMap((namespace) => addressesOf(namespace, flow.family)) };
}
