/** The part of `HostConfig` that limits a container. */
import { type DockerResources, LIMIT_ROWS } from "../../../cgroups/index.ts";
import type { NetworkRate, Ulimit } from "../../../runtime/index.ts";

export interface Resources extends DockerResources {
  readonly CgroupParent?: string;
  readonly Ulimits?: readonly Ulimit[] | null;
  /** Bytes. */
  readonly ShmSize?: number;
  readonly NetworkRate?: NetworkRate;
}

/** `CpuQuota` is the other way to write `NanoCpus`. */
const FIELDS: readonly string[] = [
  ...LIMIT_ROWS.map(({ hostConfig }) => hostConfig),
  ...["CpuQuota", "CgroupParent", "Ulimits", "ShmSize", "NetworkRate"],
];

/** The limits among the fields of a container's `HostConfig`. */
export const resourcesOf = (hostConfig: Readonly<Record<string, unknown>>): Resources =>
  Object.fromEntries(FIELDS.flatMap((field) => (field in hostConfig ? [[field, hostConfig[field]]] : [])));

/** Without some fields. */
export const without = (resources: Resources, ...fields: readonly (keyof Resources)[]): Resources =>
  Object.fromEntries(Object.entries(resources).filter(([field]) => !fields.includes(field as keyof Resources)));
