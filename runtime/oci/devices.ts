/** Devices of a container: the nodes that it has, and the rules of its devices cgroup. */
import { invalid } from "../../lib/errors.ts";
import type { DeviceMapping, HostConfig } from "../types.ts";
import { devicesAt, hostDevices } from "./device-nodes.ts";
import type { OciDevice, OciDeviceRule } from "./spec.ts";

const allowed = (major: number, minor: number): OciDeviceRule => rule(true, major, minor);
const rule = (allow: boolean, major: number, minor: number): OciDeviceRule => ({
  allow,
  type: "c",
  major,
  minor,
  access: "rwm",
});

/**
 * Docker's rules: all devices are refused but zero, null, urandom, random, tty and console; and fuse stays refused.
 * The runtimes add what the specification promises every container (full, ptmx, terminals, mknod of anything).
 */
const DEFAULT_RULES: readonly OciDeviceRule[] = [
  { allow: false, access: "rwm" },
  ...[allowed(1, 5), allowed(1, 3), allowed(1, 9), allowed(1, 8), allowed(5, 0), allowed(5, 1)],
  rule(false, 10, 229),
];

const ALL_ACCESS = "rwm";

/** What a container may do with devices. */
export interface DeviceGrant {
  readonly devices: readonly OciDevice[];
  readonly deviceRules: readonly OciDeviceRule[];
}

type Asked = Pick<HostConfig, "Devices" | "DeviceCgroupRules" | "Privileged">;

/**
 * The devices of a container that starts now. A privileged one has all of the host's, under their own names; those that
 * it asks for under other names come to them.
 * @throws `invalid` with Docker's texts for what is no device
 */
export function grantDevices({ Devices, DeviceCgroupRules, Privileged }: Asked): DeviceGrant {
  const asked = (Devices ?? []).map((mapping) => ({ ...mapping, found: foundAt(mapping, Privileged === true) }));
  const devices = asked.flatMap(({ found }) => found);
  if (Privileged) {
    return {
      devices: [...hostDevices(), ...devices],
      deviceRules: [...DEFAULT_RULES, { allow: true, access: ALL_ACCESS }],
    };
  }
  const ofDevices = asked.flatMap(({ found, CgroupPermissions }) =>
    found.map(({ type, major, minor }) => ({
      allow: true,
      type,
      major,
      minor,
      access: CgroupPermissions || ALL_ACCESS,
    })),
  );
  return { devices, deviceRules: [...DEFAULT_RULES, ...ofDevices, ...(DeviceCgroupRules ?? []).map(parseRule)] };
}

function foundAt({ PathOnHost, PathInContainer }: DeviceMapping, privileged: boolean): readonly OciDevice[] {
  const inside = PathInContainer || PathOnHost;
  return privileged && inside === PathOnHost ? [] : devicesAt(PathOnHost, inside);
}

/** What can be judged without looking at devices. @throws `invalid` */
export function checkDevices({ Devices, DeviceCgroupRules }: Asked): void {
  for (const { PathOnHost, PathInContainer, CgroupPermissions } of Devices ?? []) {
    if (!isAccess(CgroupPermissions || ALL_ACCESS)) {
      throw invalid(`bad mode specified: ${CgroupPermissions}`, "CTR_DEVICE_INVALID");
    }
    const inside = PathInContainer || PathOnHost;
    if (!inside.startsWith("/")) throw invalid(`${inside} is not an absolute path`, "CTR_DEVICE_INVALID");
  }
  for (const text of DeviceCgroupRules ?? []) parseRule(text);
}

/** Read, write and mknod, each at most once. */
const isAccess = (text: string): boolean => /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

/** `c 1:3 rwm`, `b 8:* r`, `a *:* rwm`; a star stands for all numbers. @throws `invalid` with Docker's text */
function parseRule(text: string): OciDeviceRule {
  const [, type, major = "*", minor = "*", access = ""] = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  if (type === undefined) throw invalid(`invalid device cgroup rule format: '${text}'`, "CTR_DEVICE_INVALID");
  return {
    allow: true,
    type: type as "a" | "b" | "c",
    ...(major === "*" ? {} : { major: Number(major) }),
    ...(minor === "*" ? {} : { minor: Number(minor) }),
    access,
  };
}
