/** Resource limits of other processes, see prlimit(2). */
import { systemCall } from "./libc.ts";

/** Names of getrlimit(2), lower case and without prefix, with the numbers of Linux on x86 and ARM. */
const RESOURCES = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  locks: 9,
  sigpending: 10,
  msgqueue: 11,
  nice: 12,
  rtprio: 13,
  rttime: 14,
} as const;

export type ResourceName = keyof typeof RESOURCES;

/** −1 is unlimited. */
export interface ResourceLimit {
  readonly soft: number;
  readonly hard: number;
}

const INFINITY = 2n ** 64n - 1n;
const BYTES = 16;

export const isResourceName = (name: string): name is ResourceName => Object.hasOwn(RESOURCES, name);

/** @throws {SystemCallError} `ESRCH` when there is no such process */
export function readResourceLimit(pid: number, name: ResourceName): ResourceLimit {
  const former = Buffer.alloc(BYTES);
  systemCall("prlimit", `of process ${pid}`, pid, RESOURCES[name], null, former);
  return decode(former);
}

/**
 * @returns what it was before
 * @throws {SystemCallError} `ESRCH`; `EPERM` without CAP_SYS_RESOURCE, for a higher hard limit or another user's process
 */
export function setResourceLimit(pid: number, name: ResourceName, limit: ResourceLimit): ResourceLimit {
  const former = Buffer.alloc(BYTES);
  systemCall("prlimit", `of process ${pid}`, pid, RESOURCES[name], encode(limit), former);
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
