/**
 * Over which devices the flow's packets went, and where the kernel threw one away: by its name of the packet (`skb`), which
 * stays the same across veth pairs and namespaces. What the kernel tells has neither addresses nor namespaces: the flow's
 * packets are known by their length, and by being sent while our own program runs and has just asked. Pure.
 */
import type { SnapshotView } from "../snapshot-view.ts";
import type { DeviceEvent, FreedEvent, KernelEvent } from "../tracing/events.ts";
import { isNormal } from "../tracing/normal-drops.ts";
import { linkNamed, nextPlace, type PlacedLink, placeBefore } from "../tracing/placing.ts";
import { type DeviceStep, type DropEvent, HOST, type Place } from "../types/index.ts";

/** A packet that nothing is told of for so long is gone, and its name given to another. Milliseconds. */
const LIFE = 20;
/** What a question sets off happens within its system call, unless that is held up. Milliseconds. */
const AT_ONCE = 20;
/** Milliseconds by which the clocks may differ. */
const TOLERANCE = 1;
export const ETHERNET_HEADER = 14;
/** Bytes of a question for a hardware address, with the Ethernet header: ARP, and neighbour discovery. */
const NEIGHBOUR_QUESTION: ReadonlySet<number> = new Set([42, 86]);

/** Bytes of the IP packet that asks for a TCP connection over IPv6, with all usual options. */
const LARGEST_SYN = 80;

export interface PathOptions {
  readonly view: SnapshotView;
  readonly sender: Place;
  /** Bytes of the IP packet that is sent; undefined for small ones of a length that the kernel chooses. */
  readonly length: number | undefined;
  /** Of our own program, as the kernel counts. */
  readonly pid: number;
  /** {@link performance.now} of the beginning of the probe. */
  readonly began: number;
  /** The same, of each question. */
  readonly asked: readonly number[];
}

export interface DevicePath {
  readonly devices: readonly DeviceStep[];
  readonly drops: readonly DropEvent[];
}

/** What happened to one packet. */
interface Story {
  readonly devices: readonly DeviceEvent[];
  readonly freed: FreedEvent | undefined;
}

export function devicePath(events: readonly KernelEvent[], options: PathOptions): DevicePath {
  const told = questionsAndAnswers(
    storiesOf(events).flatMap((story) => {
      const role = roleOf(story, options);
      return role === undefined ? [] : { story, role };
    }),
    options,
  );
  const since = (at: number): number => Math.max(0, at - options.began);
  const placed = told.map(({ story, role }) => ({
    ...{ story, role },
    steps: withPlaces(story.devices, role === "back" ? "back" : "there", options).map((step) => ({
      ...step,
      at: since(step.at),
    })),
  }));
  return {
    devices: placed
      .flatMap(({ role, steps }) => (role === "neighbour" ? [] : steps))
      .sort((one, other) => one.at - other.at),
    drops: placed.flatMap(({ story: { freed }, role, steps }) =>
      freed === undefined || isNormal(freed)
        ? []
        : {
            reason: freed.reason,
            location: freed.location,
            device: steps.at(-1)?.device,
            place: steps.length === 0 ? options.sender : steps.at(-1)?.place,
            direction: role === "back" ? "back" : "there",
            protocol: freed.protocol,
            at: since(freed.at),
          },
    ),
  };
}

interface Told {
  readonly story: Story;
  readonly role: Role;
}

/**
 * What is sent once an answer is there only says that it is. What comes back before the question has gone is no answer to
 * it: the host looks whether a neighbour is still there, or an earlier connection ends.
 */
function questionsAndAnswers(told: readonly Told[], { asked }: PathOptions): Told[] {
  const roundOf = ({ story }: Told): number => asked.findLastIndex((one) => one - TOLERANCE <= startOf(story));
  return [...Map.groupBy(told, roundOf).values()].flatMap((round) => {
    const starts = (role: Role): number[] =>
      round.filter((one) => one.role === role).map(({ story }) => startOf(story));
    const questions = starts("there");
    const question = questions.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...questions);
    const answer = Math.min(...starts("back").filter((at) => at >= question));
    return round.filter(({ story, role }) => {
      if (role === "there") return startOf(story) < answer;
      return role !== "back" || startOf(story) >= question;
    });
  });
}

const startOf = ({ devices, freed }: Story): number => devices[0]?.at ?? freed?.at ?? 0;

function storiesOf(events: readonly KernelEvent[]): Story[] {
  const stories: Story[] = [];
  const open = new Map<string, { devices: DeviceEvent[]; last: number }>();
  const finish = (skb: string, freed?: FreedEvent): void => {
    stories.push({ devices: open.get(skb)?.devices ?? [], freed });
    open.delete(skb);
  };
  for (const event of events) {
    if (event.kind === "mark" || event.kind === "lost") continue;
    const before = open.get(event.skb);
    if (before !== undefined && event.at - before.last > LIFE) finish(event.skb);
    if (event.kind === "freed") {
      finish(event.skb, event);
      continue;
    }
    const story = open.get(event.skb) ?? { devices: [], last: 0 };
    story.devices.push(event);
    story.last = event.at;
    open.set(event.skb, story);
  }
  for (const skb of [...open.keys()]) finish(skb);
  return stories;
}

type Role = "there" | "back" | "neighbour";

/** @returns undefined for a packet that is not the flow's */
function roleOf({ devices, freed }: Story, options: PathOptions): Role | undefined {
  const first = devices[0] ?? freed;
  if (first === undefined || !options.asked.some((at) => first.at >= at - TOLERANCE)) return undefined;
  const atOnce = options.asked.some((at) => first.at >= at - TOLERANCE && first.at < at + AT_ONCE);
  const isOurs = first.pid === options.pid && atOnce;
  // It did not get as far as a device: the sender's own rules or routes.
  if (first.kind === "freed") return isOurs ? "there" : undefined;
  if (first.kind !== "sent") return undefined;
  const sent = first.length - ETHERNET_HEADER;
  if (isOurs && NEIGHBOUR_QUESTION.has(first.length) && sent !== options.length) return "neighbour";
  const isQuestion = options.length === undefined ? sent <= LARGEST_SYN : sent === options.length;
  if (isOurs && isQuestion && startsAtSender(devices, options)) return "there";
  return endsAtSender(devices, options) ? "back" : undefined;
}

function startsAtSender([first, second]: readonly DeviceEvent[], { view, sender }: PathOptions): boolean {
  const link = linkNamed(view, sender, first?.device);
  if (link === undefined) return false;
  const end = view.peerOf(link);
  return second === undefined || end === undefined || second.kind === "sent" || end.link.name === second.device;
}

function endsAtSender(devices: readonly DeviceEvent[], { view, sender }: PathOptions): boolean {
  const [last, before] = devices.toReversed();
  if (last === undefined || before === undefined) return false;
  const links = view.namespace(sender)?.links ?? [];
  if (sender === HOST) return last.kind === "received" && links.some(({ name }) => name === last.device);
  // It may be thrown away on the last piece of its way.
  return links.some((link) => {
    const end = view.peerOf(link)?.link.name;
    return end !== undefined && [last, before].some(({ kind, device }) => kind === "sent" && device === end);
  });
}

function withPlaces(devices: readonly DeviceEvent[], direction: "there" | "back", options: PathOptions): DeviceStep[] {
  const { view, sender } = options;
  let before: PlacedLink | undefined;
  return devices.map(({ device, kind, at }, index) => {
    const link = linkNamed(view, sender, device);
    const isOwn = index === 0 && direction === "there" && link !== undefined;
    if (isOwn) before = { place: sender, link };
    else if (index === 0) before = placeBefore(view, device, devices[1]?.device);
    else before = nextPlace(view, before, device, kind === "received" && devices[index - 1]?.kind === "sent");
    return { place: before?.place, direction, device, event: kind, at };
  });
}
