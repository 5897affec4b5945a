/** Values of block I/O limits, and files that the user names. */
import { confHierarchy } from "../conf.ts";
import { DEVICE_FIELDS, resolveDevices } from "../devices.ts";
import type { CgroupHost } from "../host.ts";
import type { DeviceLimit, Limits } from "../types.ts";
import { bad, isWhole } from "./values.ts";

const isWeight = (value: number): boolean => isWhole(value) && value >= 10 && value <= 1000;

export function checkBlockIo(limits: Limits): void {
  const { blkioWeight } = limits;
  if (blkioWeight !== undefined && blkioWeight !== "max" && !isWeight(blkioWeight)) {
    throw bad("Range of blkio weight is from 10 to 1000");
  }
  for (const field of DEVICE_FIELDS) for (const limit of limits[field] ?? []) checkDevice(field, limit);
}

/** Every device is a disk of this host, or at least looks like one. */
export function checkDevices(limits: Limits, { files }: CgroupHost): void {
  resolveDevices(files, limits);
}

function checkDevice(field: (typeof DEVICE_FIELDS)[number], { device, value }: DeviceLimit): void {
  if (value === "max") return;
  if (field === "blkioWeightDevice") {
    if (!isWeight(value)) throw bad(`invalid weight for device: ${device}:${value}`);
  } else if (!isWhole(value) || value === 0) {
    throw bad(`invalid rate for device: ${device}:${value}`);
  }
}

/** Every file has a tree that it can be in, and is no other flag's. */
export function checkConf({ conf = {} }: Limits, host: CgroupHost): void {
  for (const [file, value] of Object.entries(conf)) {
    confHierarchy(host, file);
    if (/[\n\0]/.test(value)) throw bad(`cannot set the cgroup file "${file}": its value has several lines`);
  }
}
