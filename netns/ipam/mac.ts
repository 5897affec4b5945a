/** Hardware addresses. */
import { randomBytes } from "node:crypto";
import { invalid } from "../../lib/errors.ts";

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** A random hardware address: locally administered, for one station (IEEE 802). */
export function generateMac(): string {
  return macFromBytes(randomBytes(6));
}

/** The address that six bytes make once the two bits are set that say "locally administered" and "one station". */
export function macFromBytes(source: Uint8Array): string {
  const bytes = Buffer.from(source.subarray(0, 6));
  bytes.writeUInt8((bytes.readUInt8(0) | 0x02) & 0xfe, 0);
  return (bytes.toString("hex").match(/../g) ?? []).join(":");
}

/** @param address `02:42:ac:11:00:02` */
export const macBytes = (address: string): Buffer => Buffer.from(address.replaceAll(":", ""), "hex");

/**
 * Reads a hardware address as users write it: six bytes, colons or dashes, either case.
 * @returns lower case with colons
 * @throws `invalid` with Docker's text
 */
export function parseMac(text: string): string {
  const address = text.toLowerCase().replaceAll("-", ":");
  if (!MAC.test(address)) throw invalid(`${text} is not a valid mac address`, "CTR_MAC_INVALID");
  if ((Number.parseInt(address.slice(0, 2), 16) & 1) === 1) {
    throw invalid(`${text} is a multicast address: no link can have it`, "CTR_MAC_INVALID");
  }
  return address;
}
