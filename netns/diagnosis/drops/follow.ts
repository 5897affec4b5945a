/** Packets that the kernel throws away, as it happens, wherever on the machine. */
import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { SnapshotView } from "../snapshot-view.ts";
import type { DeviceEvent, FreedEvent, KernelEvent } from "../tracing/events.ts";
import { TraceInstance } from "../tracing/instance.ts";
import { isNormal } from "../tracing/normal-drops.ts";
import { linkNamed, nextPlace, type PlacedLink, placeBefore } from "../tracing/placing.ts";
import type { Place } from "../types/index.ts";

/** A packet that was thrown away. */
export interface Drop {
  readonly kind: "drop";
  /** RFC 3339. */
  readonly time: string;
  /** `NETFILTER_DROP`, see include/net/dropreason-core.h */
  readonly reason: string;
  /** Function of the kernel. */
  readonly location: string;
  readonly protocol: "ip" | "arp" | "ipv6";
  /** The last device that it was seen on; undefined when it was on none, or when there is too much traffic to know. */
  readonly device: string | undefined;
  /** Where that is. */
  readonly place: Place | undefined;
  /** The container that the packet came from or was brought to last: also when it was lost on the host's end of its cable. */
  readonly container: Place | undefined;
}

/** Something that the reader of drops should know. */
export interface DropNotice {
  readonly kind: "notice";
  readonly text: string;
}

export interface DropOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Only those of this container. */
  readonly container?: Place;
}

const PROTOCOLS: Readonly<Record<number, Drop["protocol"]>> = { 2048: "ip", 2054: "arp", 34525: "ipv6" };
const DEVICE_EVENTS = ["net/net_dev_queue", "net/netif_receive_skb"] as const;

/** Milliseconds between two looks. */
const LOOK = 100;
/** Events of devices in one look, above which following each packet would cost too much. */
const MOST_DEVICE_EVENTS = 3000;
/** A name of a packet that was not told of for so long means another one. Milliseconds. */
const LIFE = 1000;

/**
 * Yields drops until the signal ends it. What the kernel throws away all the time and nobody misses is left out.
 * @throws {SystemCallError} and Node's system errors, where the kernel has no trace events or forbids them
 */
export async function* followDrops(view: SnapshotView, options: DropOptions = {}): AsyncGenerator<Drop | DropNotice> {
  await using instance = TraceInstance.start();
  // The kernel names tasks by its own numbers: in a namespace of processes they are others than those below /proc.
  const packets = new Packets(view, instance.pid === process.pid ? networkOf : () => undefined);
  const filter = Object.keys(PROTOCOLS).map((protocol) => `protocol == ${protocol}`);
  instance.enable({ event: "skb/kfree_skb", filter: filter.join(" || ") });
  for (const event of DEVICE_EVENTS) instance.enable({ event, filter: "" });
  let followsDevices = true;
  while (options.signal?.aborted !== true) {
    const events = instance.events();
    yield* packets.drops(events, options);
    if (followsDevices && events.filter(isOfDevice).length > MOST_DEVICE_EVENTS) {
      followsDevices = false;
      for (const event of DEVICE_EVENTS) instance.disable(event);
      yield { kind: "notice", text: "there is too much traffic to tell on which devices packets are lost" };
    }
    await delay(LOOK);
  }
}

/** Inode of the network namespace of a task; undefined when it is gone. */
function networkOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}/ns/net`).ino;
  } catch {
    // It has ended, or is another user's.
    return undefined;
  }
}

const isOfDevice = ({ kind }: KernelEvent): boolean => kind === "sent" || kind === "received";

interface Seen {
  /** Undefined when it came to no device. */
  readonly event: DeviceEvent | undefined;
  readonly placed: PlacedLink | undefined;
  /** The last container that the packet was in, or at whose cable. */
  readonly container: Place | undefined;
}

/** Where each packet was seen last. Exported for tests. */
export class Packets {
  readonly #view: SnapshotView;
  readonly #networkOf: (pid: number) => number | undefined;
  readonly #seen = new Map<string, Seen>();

  /** @param networkOf inode of a task's network namespace */
  constructor(view: SnapshotView, networkOf: (pid: number) => number | undefined) {
    this.#view = view;
    this.#networkOf = networkOf;
  }

  *drops(events: readonly KernelEvent[], { container }: DropOptions): Generator<Drop | DropNotice> {
    for (const event of events) {
      if (event.kind === "lost")
        yield { kind: "notice", text: `${event.count} events were lost: there is too much traffic` };
      else if (event.kind === "freed") yield* this.#dropOf(event, container);
      else if (event.kind !== "mark") this.#see(event);
    }
    this.#forget(performance.now() - LIFE);
  }

  #see(event: DeviceEvent): void {
    const before = this.#seen.get(event.skb);
    const placed = this.#placeOf(event, before) ?? (before === undefined ? this.#placeOfSender(event) : undefined);
    const container = this.#containerAt(placed) ?? before?.container;
    this.#seen.set(event.skb, { event, placed, container });
  }

  /** A packet that is new is somewhere; the first device that is told of it may be one that many have. */
  #placeOf({ device, kind }: DeviceEvent, before: Seen | undefined): PlacedLink | undefined {
    if (before === undefined) return placeBefore(this.#view, device, undefined);
    return nextPlace(this.#view, before.placed, device, kind === "received" && before.event?.kind === "sent");
  }

  /** A packet that is new was made by the program that ran, unless the kernel was at something else just then. */
  #placeOfSender({ pid, inInterrupt, ...event }: KernelEvent & { readonly device?: string }): PlacedLink | undefined {
    const inode = inInterrupt === true || pid === 0 ? undefined : this.#networkOf(pid);
    const place = this.#view.snapshot.namespaces.find((one) => inode !== undefined && one.inode === inode)?.key;
    return place === undefined ? undefined : { place, link: linkNamed(this.#view, place, event.device) };
  }

  #containerAt(placed: PlacedLink | undefined): Place | undefined {
    if (placed === undefined) return undefined;
    if (this.#view.containersIn(placed.place).length > 0 && placed.place !== this.#view.host.key) return placed.place;
    return placed.link && this.#view.peerOf(placed.link)?.namespace.key;
  }

  /** It was on no device: its sender's own rules or routes have ended it. */
  #unsent(event: FreedEvent): Seen | undefined {
    const placed = this.#placeOfSender(event);
    return placed === undefined ? undefined : { event: undefined, placed, container: this.#containerAt(placed) };
  }

  *#dropOf(event: FreedEvent, wanted: Place | undefined): Generator<Drop> {
    const seen = this.#seen.get(event.skb) ?? this.#unsent(event);
    this.#seen.delete(event.skb);
    const protocol = PROTOCOLS[event.protocol];
    if (protocol === undefined || isNormal(event)) return;
    if (wanted !== undefined && seen?.container !== wanted) return;
    yield {
      kind: "drop",
      time: new Date(performance.timeOrigin + event.at).toISOString(),
      reason: event.reason,
      location: event.location,
      protocol,
      device: seen?.event?.device,
      place: seen?.placed?.place,
      container: seen?.container,
    };
  }

  #forget(before: number): void {
    for (const [skb, { event }] of this.#seen) {
      if (event !== undefined && event.at < before) this.#seen.delete(skb);
    }
  }
}
