/** How much goes over a TCP connection: as many bytes as possible for a while, one way. */
import { poolCall } from "../../../lib/system/libc.ts";

/** Bytes of one call: large, so that calls cost nothing beside what they carry. */
const BLOCK = 1 << 20;

export interface Throughput {
  readonly bytesPerSecond: number;
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Sender and receiver each work on a thread of their own; this thread only counts.
 * @param from descriptors that block
 * @param seconds how long
 */
export async function measureThroughput(from: number, to: number, seconds: number): Promise<Throughput> {
  const began = performance.now();
  const deadline = began + seconds * 1000;
  const sent = send(from, deadline);
  const received = receive(to, sent, deadline);
  const bytes = await received;
  const passed = (performance.now() - began) / 1000;
  return { bytes, seconds: passed, bytesPerSecond: bytes / passed };
}

/** @returns how many bytes it was in the end */
async function send(fd: number, deadline: number): Promise<number> {
  const block = Buffer.alloc(BLOCK);
  let total = 0;
  while (performance.now() < deadline) {
    const length = await poolCall("send", fd, block, block.length, 0);
    if (length <= 0) break;
    total += length;
  }
  return total;
}

/** Until all that was sent is there. */
async function receive(fd: number, sent: Promise<number>, deadline: number): Promise<number> {
  const block = Buffer.alloc(BLOCK);
  let expected = Number.POSITIVE_INFINITY;
  void sent.then((total) => {
    expected = total;
  });
  let total = 0;
  while (total < expected) {
    const length = await poolCall("recv", fd, block, block.length, 0);
    if (length <= 0) break;
    total += length;
    if (performance.now() >= deadline) expected = await sent;
  }
  return total;
}
