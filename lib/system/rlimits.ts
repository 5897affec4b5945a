/** Resource limits of other processes, see prlimit(2). */
import { systemCall } from "./libc.ts";
import { PROCESS_LIMITS, type ProcessLimitName } from "./process-limits.ts";

/** −1 is unlimited. */
export interface ResourceLimit {
  readonly soft: number;
  readonly hard: number;
}

const INFINITY = 2n ** 64n - 1n;
const BYTES = 16;

/** @throws {SystemCallError} `ESRCH` when there is no such process */
export function readResourceLimit(pid: number, name: ProcessLimitName): ResourceLimit {
  const former = Buffer.alloc(BYTES);
  systemCall("prlimit", `of process ${pid}`, pid, PROCESS_LIMITS[name].number, null, former);
  return decode(former);
}

/**
 * @returns what it was before
 * @throws {SystemCallError} `ESRCH`; `EPERM` without CAP_SYS_RESOURCE, for a higher hard limit or another user's process
 */
export function setResourceLimit(pid: number, name: ProcessLimitName, limit: ResourceLimit): ResourceLimit {
  const former = Buffer.alloc(BYTES);
  systemCall("prlimit", `of process ${pid}`, pid, PROCESS_LIMITS[name].number, encode(limit), former);
  return decode(former);
}

function encode({ soft, hard }: ResourceLimit): Buffer {
  const bytes = Buffer.alloc(BYTES);
  bytes.writeBigUInt64LE(soft === -1 ? INFINITY : BigInt(soft), 0);
  bytes.writeBigUInt64LE(hard === -1 ? INFINITY : BigInt(hard), 8);
  return bytes;
}

const decode = (bytes: Buffer): ResourceLimit => ({ soft: valueAt(bytes, 0), hard: valueAt(bytes, 8) });

function valueAt(bytes: Buffer, offset: number): number {
  const value = bytes.readBigUInt64LE(offset);
  return value === INFINITY ? -1 : Number(value);
}
