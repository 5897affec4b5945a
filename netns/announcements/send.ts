/** Packets on a link, as they stand. See packet(7). */
import { poolCall, systemCall } from "../../lib/system/libc.ts";
import { AF_PACKET, SOCK_CLOEXEC, SOCK_DGRAM } from "../../lib/system/socket.ts";
import { macBytes } from "../ipam/mac.ts";
import type { Announcement } from "./packets.ts";

const SOCKADDR_LL_LENGTH = 20;
const MAC_LENGTH = 6;
const NO_FLAGS = 0;

/**
 * Sends them from the thread's present network namespace.
 * @param link index
 * @throws {SystemCallError}
 */
export function sendPackets(link: number, announcements: readonly Announcement[]): void {
  // Of protocol 0: it receives nothing.
  const fd = systemCall("socket", "packets", AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    for (const { packet, ...destination } of announcements) {
      const address = linkAddress(link, destination);
      systemCall("sendto", `link ${link}`, fd, packet, packet.length, NO_FLAGS, address, address.length);
    }
  } finally {
    // The kernel waits for RCU here, which is milliseconds: nobody else does.
    void poolCall("close", fd);
  }
}

/** A sockaddr_ll. */
function linkAddress(link: number, { protocol, to }: Pick<Announcement, "protocol" | "to">): Buffer {
  const address = Buffer.alloc(SOCKADDR_LL_LENGTH);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(protocol, 2);
  address.writeInt32LE(link, 4);
  address.writeUInt8(MAC_LENGTH, 11);
  address.set(macBytes(to), 12);
  return address;
}
