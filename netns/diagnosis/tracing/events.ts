/** Lines of the kernel's trace, as text. Pure. See the kernel's Documentation/trace/ftrace.rst and events.rst */

interface Common {
  /** Of the task that ran then, whoever's packet it was. */
  readonly pid: number;
  /** It happened in an interrupt: then the packet has nothing to do with the task. */
  readonly inInterrupt?: true;
  /** Milliseconds. */
  readonly at: number;
}

/** A packet was given to a device, or taken from one. `skb` tells packets in the kernel apart; such names are used again. */
export interface DeviceEvent extends Common {
  readonly kind: "sent" | "received";
  readonly device: string;
  readonly skb: string;
  /** Bytes: with the Ethernet header when sent, without it when received. */
  readonly length: number;
}

/** The kernel threw a packet away. */
export interface FreedEvent extends Common {
  readonly kind: "freed";
  readonly skb: string;
  /** EtherType: 0x0800 … */
  readonly protocol: number;
  /** Function of the kernel, without offset. */
  readonly location: string;
  /** See include/net/dropreason-core.h */
  readonly reason: string;
}

/** What a program wrote into the trace. */
export interface MarkEvent extends Common {
  readonly kind: "mark";
  readonly text: string;
}

/** The buffer was full. */
export interface LostEvent extends Common {
  readonly kind: "lost";
  readonly count: number;
}

export type KernelEvent = DeviceEvent | FreedEvent | MarkEvent | LostEvent;

// ` node-MainThread-20035   [001] ..s1.   893.476442: net_dev_queue: dev=eth0 skbaddr=00000000c53998f2 len=719`
const LINE = /^\s*.+-(\d+)\s+\[\d+\]\s+(\S+)\s+(\d+\.\d+): (\w+): (.*)$/;
/** The third of the flags: hard or soft interrupt, see ftrace.rst. */
const INTERRUPT = /^..[hHszZ]/;
const LOST = /\[LOST (\d+) EVENTS\]/;
const DEVICE = /^dev=(\S+) skbaddr=(\S+) len=(\d+)/;
const FREED = /^skbaddr=(\S+) .*?protocol=(\d+) location=([\w.]+)\S*(?: \[\w+\])? reason: (\w+)/;

const DEVICE_EVENTS: Readonly<Record<string, DeviceEvent["kind"]>> = {
  net_dev_queue: "sent",
  netif_receive_skb: "received",
};

/** Lines that are none of the known events are left out. */
export function parseEvents(text: string): KernelEvent[] {
  return text.split("\n").flatMap((line) => parseEvent(line) ?? []);
}

function parseEvent(line: string): KernelEvent | undefined {
  const match = LINE.exec(line);
  if (match === null) return parseLost(line);
  const [, pid, flags = "", seconds, event = "", rest = ""] = match;
  const isInterrupt = INTERRUPT.test(flags);
  const common = {
    ...{ pid: Number(pid), at: Number(seconds) * 1000 },
    ...(isInterrupt ? { inInterrupt: true as const } : {}),
  };
  const kind = DEVICE_EVENTS[event];
  if (kind !== undefined) return parseDevice(kind, common, rest);
  if (event === "kfree_skb") return parseFreed(common, rest);
  return event === "tracing_mark_write" ? { kind: "mark", ...common, text: rest } : undefined;
}

function parseDevice(kind: DeviceEvent["kind"], common: Common, text: string): DeviceEvent | undefined {
  const [, device, skb, length] = DEVICE.exec(text) ?? [];
  return device === undefined || skb === undefined
    ? undefined
    : { kind, ...common, device, skb, length: Number(length) };
}

function parseFreed(common: Common, text: string): FreedEvent | undefined {
  const [, skb, protocol, location, reason] = FREED.exec(text) ?? [];
  if (skb === undefined || location === undefined || reason === undefined) return undefined;
  return { kind: "freed", ...common, skb, protocol: Number(protocol), location, reason };
}

function parseLost(line: string): LostEvent | undefined {
  const [, count] = LOST.exec(line) ?? [];
  return count === undefined ? undefined : { kind: "lost", pid: 0, at: 0, count: Number(count) };
}
