/** Errors that packets came back with, and who reported them: recvmsg(2) with MSG_ERRQUEUE, see IP_RECVERR in ip(7). */
import { addressOf, rawCall } from "../../../lib/system/libc.ts";
import { AF_INET, AF_INET6 } from "../../../lib/system/socket.ts";
import { addressText } from "../../dns/wire/address.ts";

const MSG_DONTWAIT = 0x40;
const MSG_ERRQUEUE = 0x2000;
/** struct msghdr and struct iovec of 64 bit machines. */
const MESSAGE_LENGTH = 56;
const CONTROL_AT = 32;
/** struct cmsghdr */
const CONTROL_HEADER = 16;
const CONTROL_LENGTH = 512;
/** IP_RECVERR of SOL_IP, IPV6_RECVERR of SOL_IPV6 */
const REPORTS: readonly (readonly [number, number])[] = [
  [0, 11],
  [41, 25],
];
/** SO_EE_ORIGIN_LOCAL */
const LOCAL = 1;

export interface ReportedError {
  readonly errno: number;
  /** Bytes, of an error about the size; 0 for others. */
  readonly mtu: number;
  /** Address of who sent the ICMP error; undefined when this host's kernel found it itself. */
  readonly reportedBy: string | undefined;
}

/** The oldest error that waits; undefined when there is none. */
export function readReportedError(fd: number): ReportedError | undefined {
  const control = Buffer.alloc(CONTROL_LENGTH);
  const data = Buffer.alloc(CONTROL_LENGTH);
  const vector = Buffer.alloc(80);
  vector.writeBigUInt64LE(addressOf(data), 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  // Of more than 64 bytes, so that it has memory of its own.
  const message = Buffer.alloc(Math.max(MESSAGE_LENGTH, 80));
  message.writeBigUInt64LE(addressOf(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(addressOf(control), CONTROL_AT);
  message.writeBigUInt64LE(BigInt(control.length), CONTROL_AT + 8);
  if (rawCall("recvmsg", fd, message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return undefined;
  return parseControl(control.subarray(0, Number(message.readBigUInt64LE(CONTROL_AT + 8))));
}

function parseControl(control: Buffer): ReportedError | undefined {
  for (let at = 0; at + CONTROL_HEADER <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < CONTROL_HEADER) return undefined;
    const [level, type] = [control.readInt32LE(at + 8), control.readInt32LE(at + 12)];
    const isReport = REPORTS.some(([ofLevel, ofType]) => ofLevel === level && ofType === type);
    if (isReport) return parseExtendedError(control.subarray(at + CONTROL_HEADER, at + length));
    at += (length + 7) & ~7;
  }
  return undefined;
}

/** struct sock_extended_err, and the address of who reported it behind it. */
function parseExtendedError(bytes: Buffer): ReportedError {
  const origin = bytes.readUInt8(4);
  return {
    errno: bytes.readUInt32LE(0),
    mtu: bytes.readUInt32LE(8),
    reportedBy: origin === LOCAL ? undefined : socketAddressText(bytes.subarray(16)),
  };
}

function socketAddressText(bytes: Buffer): string | undefined {
  const family = bytes.length >= 16 ? bytes.readUInt16LE(0) : 0;
  if (family === AF_INET) return addressText(bytes.subarray(4, 8));
  return family === AF_INET6 && bytes.length >= 24 ? addressText(bytes.subarray(8, 24)) : undefined;
}
