/** Block devices as people name them, and as the kernel does. */
import { hasCode, invalid, messageOf } from "../lib/errors.ts";
import type { KernelFiles } from "./files.ts";
import { readOptional } from "./group-files.ts";
import type { DeviceLimit, Limits, MutableLimits } from "./types.ts";

export const DEVICE_FIELDS = [
  "blkioWeightDevice",
  "deviceReadBps",
  "deviceWriteBps",
  "deviceReadIops",
  "deviceWriteIops",
] as const satisfies readonly (keyof Limits)[];

const NUMBER = /^\d+:\d+$/;

/** The limits with every device as `major:minor` of its disk. @throws `invalid` for what is no block device */
export function resolveDevices(files: KernelFiles, limits: Limits): Limits {
  const resolved: MutableLimits = { ...limits };
  for (const field of DEVICE_FIELDS) {
    const list = limits[field];
    if (list !== undefined) resolved[field] = list.map((limit) => resolve(files, limit));
  }
  return resolved;
}

function resolve(files: KernelFiles, { device, value }: DeviceLimit): DeviceLimit {
  const number = NUMBER.test(device) ? device : numberOf(files, device);
  return { device: diskOf(files, number), value };
}

function numberOf(files: KernelFiles, path: string): string {
  let number: string | undefined;
  try {
    number = files.blockDevice(path);
  } catch (error) {
    // Docker's text is Go's.
    if (hasCode(error, "ENOENT")) throw invalid(`stat ${path}: no such file or directory`, "CTR_LIMIT_DEVICE");
    throw invalid(`stat ${path}: ${messageOf(error)}`, { code: "CTR_LIMIT_DEVICE", cause: error });
  }
  if (number !== undefined) return number;
  throw invalid(`${path} is no block device`, { code: "CTR_LIMIT_DEVICE", hint: "lsblk -d lists the disks" });
}

/** The kernel limits whole disks, and refuses partitions. */
function diskOf(files: KernelFiles, number: string): string {
  if (!files.exists(`/sys/dev/block/${number}/partition`)) return number;
  return readOptional(files, `/sys/dev/block/${number}/../dev`) ?? number;
}
