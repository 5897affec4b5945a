/** A frame leaves a link, and comes in by the one at the other end of the cable. */

import type { LinkState } from "../../types/index.ts";
import { death } from "../deaths.ts";
import type { BaseChain } from "../rules/types.ts";
import { passFrameHook } from "../stack/hooks.ts";
import { end, type Trip } from "../trip.ts";
import type { Port } from "../world.ts";

/** Bytes that a link takes beyond its MTU: a VLAN's tag, see is_skb_forwardable. */
const TAG = 4;

/** @param other undefined when the cable leads out of the snapshot */
export function passWire(trip: Trip, from: Port, other: Port | undefined): void {
  leave(trip, from, other);
  forget(trip);
  if (other !== undefined) enter(trip, other);
}

/** What a packet had with it stays in its namespace: skb_scrub_packet. */
function forget(trip: Trip): void {
  trip.attached = undefined;
  trip.packet.mark = 0n;
}

function leave(trip: Trip, { namespace, link }: Port, other: Port | undefined): void {
  const { key: place } = namespace;
  passLinkRules(trip, { namespace, link }, "egress");
  doubtPrograms(
    trip,
    place,
    link,
    link.tcFilters.filter((text) => !/ingress|parent ffff:/.test(text)),
  );
  checkQueue(trip, place, link);
  if (!link.up) {
    endAtLink(trip, place, link, "link-down");
  } else if (!link.carrier && (other === undefined || (other.link.up && other.link.carrier))) {
    endAtLink(trip, place, link, "no-carrier");
  }
}

/** A queue that lets nothing out, or so little that a packet waits for more than a second. */
function checkQueue(trip: Trip, place: string, link: LinkState): void {
  const queue = link.qdiscs.find(
    ({ kind, rate }) => kind === "blackhole" || (rate !== undefined && rate < trip.packet.size),
  );
  if (queue === undefined) return;
  const { kind, rate } = queue;
  end(trip, {
    place,
    stage: "link",
    device: link.name,
    text: `the queue of ${link.name} lets ${rate === undefined ? "nothing" : `${rate} bytes a second`} out`,
    evidence: [`tc qdisc show dev ${link.name}: ${kind}`],
    death: death("queue", { place, device: link.name, kind, rate }),
  });
}

/** Rules at a link's own hooks. A bridge has them too, for what goes up and what the host sends. */
export function passLinkRules(trip: Trip, { namespace, link }: Port, hook: "ingress" | "egress"): void {
  const links = hook === "ingress" ? { inputLink: link } : { outputLink: link };
  passFrameHook(trip, { namespace, hook, ...links }, ["netdev", "inet"], at(link));
}

/** What every frame meets that comes in by a link. */
export function enter(trip: Trip, { namespace, link }: Port): void {
  const { key: place } = namespace;
  if (!link.up) endAtLink(trip, place, link, "link-down");
  checkSize(trip, place, link, "mtu-of-peer");
  if (link.xdp !== undefined) trip.journey.doubt(`what the XDP program ${link.xdp} on ${link.name} in ${place} does`);
  doubtPrograms(
    trip,
    place,
    link,
    link.tcFilters.filter((text) => !isOwnShaping(link, text)),
  );
  passLinkRules(trip, { namespace, link }, "ingress");
}

/** A frame that is larger than the link takes is dropped without a word. */
export function checkSize(trip: Trip, place: string, link: LinkState, kind: "mtu-of-peer"): void {
  const { size } = trip.packet;
  if (size <= link.mtu + TAG || link.mtu === 0) return;
  end(trip, {
    place,
    stage: "link",
    device: link.name,
    text: `${link.name} takes packets of at most ${link.mtu} bytes, this one has ${size}`,
    evidence: [`ip link show ${link.name}: mtu ${link.mtu}`],
    death: death(kind, { place, device: link.name, mtu: link.mtu, size }),
  });
}

export function endAtLink(trip: Trip, place: string, link: LinkState, kind: "link-down" | "no-carrier"): void {
  const what = kind === "link-down" ? "is switched off" : "has nothing at its other end";
  end(trip, {
    place,
    stage: "link",
    device: link.name,
    text: `${link.name} ${what}`,
    evidence: [`ip link show ${link.name}: ${kind === "link-down" ? "no UP" : "NO-CARRIER"}`],
    death: death(kind, { place, device: link.name }),
  });
}

const at =
  (link: LinkState) =>
  ({ devices }: BaseChain): boolean =>
    devices === undefined || devices.includes(link.name);

/** `ctr net shape` leads what comes in over a link of ours and back. */
const isOwnShaping = (link: LinkState, text: string): boolean =>
  text.includes(`ifb-${link.name.replace(/^veth/, "")}`) || /mirred.*ifb-/.test(text);

function doubtPrograms(trip: Trip, place: string, link: LinkState, filters: readonly string[]): void {
  const [first] = filters;
  if (first !== undefined) trip.journey.doubt(`what the filter of tc on ${link.name} in ${place} does (${first})`);
}
