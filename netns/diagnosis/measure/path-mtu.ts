/** The largest packet that gets from one place to another uncut, found by trying (RFC 4821 does the same for TCP). */
import { setTimeout as delay } from "node:timers/promises";
import { rawCall } from "../../../lib/system/libc.ts";
import { SOCK_DGRAM } from "../../../lib/system/socket.ts";
import { forbidFragments } from "../probe/ip-options.ts";
import { inPlace } from "../probe/namespaces.ts";
import { IpProtocol } from "../probe/packet.ts";
import { PollFlag, ProbeSocket } from "../probe/probe-socket.ts";
import { type Ends, familyOf } from "./connection.ts";

const HEADERS = { 4: 28, 6: 48 } as const;
/** What every way must carry: RFC 791, RFC 8200. */
const LEAST = { 4: 68, 6: 1280 } as const;
/** IP_MTU of SOL_IP, IPV6_MTU of SOL_IPV6: the size that the first device takes. */
const MTU_OPTION = { 4: [0, 14], 6: [41, 24] } as const;
const ATTEMPTS = 2;
/** Milliseconds until a datagram is lost. */
const PATIENCE = 60;

/** @returns bytes of the IP packet; undefined when not even the smallest one arrives @throws {SystemCallError} */
export async function measurePathMtu({ namespaces, from, to, address }: Ends): Promise<number | undefined> {
  const family = familyOf(address);
  using far = inPlace(namespaces, to, () => new ProbeSocket(family, SOCK_DGRAM, IpProtocol.udp));
  using near = inPlace(namespaces, from, () => new ProbeSocket(family, SOCK_DGRAM, IpProtocol.udp));
  far.bind(0);
  forbidFragments(near.fd, family);
  if (near.connect(address, far.local().port) !== undefined) return undefined;
  const arrives = (size: number): Promise<boolean> => getsThrough(near, far, size - HEADERS[family]);
  const most = mtuOf(near, family);
  if (await arrives(most)) return most;
  if (!(await arrives(LEAST[family]))) return undefined;
  // Awaited here: the sockets are closed when this returns.
  return await largest(LEAST[family], most, arrives);
}

/** @param good a size that arrives @param bad one that does not */
async function largest(good: number, bad: number, arrives: (size: number) => Promise<boolean>): Promise<number> {
  if (bad - good <= 1) return good;
  const middle = Math.floor((good + bad) / 2);
  return (await arrives(middle)) ? largest(middle, bad, arrives) : largest(good, middle, arrives);
}

async function getsThrough(near: ProbeSocket, far: ProbeSocket, length: number): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // An error that an earlier datagram came back with is told now, and the datagram not sent.
    if (near.send(Buffer.alloc(length)) !== undefined) continue;
    const deadline = performance.now() + PATIENCE;
    do {
      if (far.poll(PollFlag.in, 1) !== 0 && far.receive().length === length) return true;
      await delay(0);
    } while (performance.now() < deadline);
  }
  return false;
}

function mtuOf(socket: ProbeSocket, family: 4 | 6): number {
  const value = Buffer.alloc(4);
  const [level, option] = MTU_OPTION[family];
  rawCall("getsockopt", socket.fd, level, option, value, Buffer.from([value.length, 0, 0, 0]));
  return value.readInt32LE(0);
}
