/** How long one byte takes to the other end and back, over a TCP connection. */
import { setImmediate } from "node:timers/promises";
import { rawCall } from "../../../lib/system/libc.ts";

export interface Latency {
  /** Microseconds, of the whole round. */
  readonly p50: number;
  readonly p99: number;
  readonly rounds: number;
}

const MOST_ROUNDS = 2000;
/** Milliseconds. */
const LONGEST = 400;
/** Rounds between which others of this program have their turn. */
const TURN = 100;

/**
 * Both ends are served by this thread, so that no time goes by until a program is woken: it is the network's share alone.
 * @param near descriptors that block, or time out
 */
export async function measureLatency(near: number, far: number): Promise<Latency | undefined> {
  const began = performance.now();
  const times: number[] = [];
  while (times.length < MOST_ROUNDS && performance.now() - began < LONGEST) {
    const time = roundTrip(near, far);
    if (time === undefined) break;
    times.push(time);
    if (times.length % TURN === 0) await setImmediate();
  }
  if (times.length === 0) return undefined;
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): number => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 1000;
  return { p50: at(0.5), p99: at(0.99), rounds: times.length };
}

const byte = Buffer.alloc(1);

/** @returns milliseconds; undefined when the byte did not come */
function roundTrip(near: number, far: number): number | undefined {
  const began = performance.now();
  const came = carry(near, far) && carry(far, near);
  return came ? performance.now() - began : undefined;
}

const carry = (from: number, to: number): boolean =>
  rawCall("send", from, byte, 1, 0) === 1 && rawCall("recv", to, byte, 1, 0) === 1;
