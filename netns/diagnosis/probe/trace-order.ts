/**
 * Puts what several namespaces told into one order. The kernel gives no times: each namespace tells its own part in order, and
 * a packet crosses them in a known order. Pure.
 */
import type { Place } from "../types/index.ts";

export interface OrderedStep {
  readonly place: Place;
  readonly direction: "there" | "back";
  /** Of the packet. One that is sent once more has the same. */
  readonly key: string;
  /** Milliseconds; the order within one namespace. */
  readonly at: number;
}

/** What comes later is no more of the same packet, but the same sent once more. Milliseconds. */
const SAME_PACKET = 100;

interface Packet<T> {
  readonly name: string;
  readonly steps: T[];
  last: number;
}

/**
 * @param lists one a namespace, in the order of the way there
 * @returns all of it: packet after packet, each along its way
 */
export function mergeSteps<T extends OrderedStep>(lists: readonly (readonly T[])[]): T[] {
  const packets = lists.map(packetsOf);
  const merged: T[] = [];
  for (let next = nextPacket(packets); next !== undefined; next = nextPacket(packets)) {
    const { name, steps } = next;
    const along = steps[0]?.direction === "back" ? packets.toReversed() : packets;
    for (const list of along) {
      if (list[0]?.name === name) merged.push(...(list.shift()?.steps ?? []));
    }
  }
  return merged;
}

/** One after the other: the steps of a packet together, where it was seen first. */
function packetsOf<T extends OrderedStep>(steps: readonly T[]): Packet<T>[] {
  const packets: Packet<T>[] = [];
  const latest = new Map<string, Packet<T>>();
  const times = new Map<string, number>();
  for (const step of steps) {
    const key = `${step.direction} ${step.key}`;
    let packet = latest.get(key);
    if (packet === undefined || step.at - packet.last > SAME_PACKET) {
      const time = (times.get(key) ?? 0) + 1;
      times.set(key, time);
      packet = { name: `${key} ${time}`, steps: [], last: step.at };
      latest.set(key, packet);
      packets.push(packet);
    }
    packet.steps.push(step);
    packet.last = step.at;
  }
  return packets;
}

/** The earliest of those that stand first wherever they were seen. When namespaces contradict each other, one of them. */
function nextPacket<T extends OrderedStep>(packets: readonly (readonly Packet<T>[])[]): Packet<T> | undefined {
  const isBehind = ({ name }: Packet<T>): boolean =>
    packets.some((list) => list[0]?.name !== name && list.some((packet) => packet.name === name));
  const heads = packets.flatMap((list) => list[0] ?? []);
  const free = heads.filter((head) => !isBehind(head));
  return (free.length === 0 ? heads : free).toSorted((one, other) => startOf(one) - startOf(other))[0];
}

const startOf = <T extends OrderedStep>({ steps }: Packet<T>): number => steps[0]?.at ?? 0;
