/** The group above a container: what `--cgroup-parent`, `cgroup-parent` of daemon.json and the cgroup driver make of it. */
import { type CgroupDriver, type Cgroups, sliceParent } from "../../cgroups/index.ts";
import { CEILING, type LimitGroups } from "./groups.ts";

export interface ParentSettings {
  readonly cgroups: Cgroups;
  readonly groups: Pick<LimitGroups, "isKnown">;
  readonly driver: CgroupDriver;
  /** Of containers that name none. */
  readonly defaultParent: string | undefined;
}

/**
 * The groups below the parent that a container asks for. With the driver `systemd` it is a slice, or a group that has
 * limits by its name.
 * @param wanted `HostConfig.CgroupParent`
 * @throws `invalid`, with Docker's text for what is no slice where one is needed
 */
export function groupsBelow(
  { cgroups, groups, driver, defaultParent }: ParentSettings,
  wanted: string | undefined,
): Cgroups {
  const parent = wanted || defaultParent;
  if (parent === undefined || parent === "" || parent === CEILING) return cgroups;
  if (driver === "systemd" && !groups.isKnown(parent)) return cgroups.under(sliceParent(parent));
  return cgroups.under(parent);
}

const GROUP_SUFFIX = ".group";

/** The named group of ours that is the parent; undefined for our own parent and for the machine's other groups. */
export function groupNameOf(cgroups: Cgroups, { parent }: Cgroups): string | undefined {
  const prefix = `${cgroups.parent}/`;
  if (!parent.startsWith(prefix) || !parent.endsWith(GROUP_SUFFIX)) return undefined;
  return parent.slice(prefix.length, -GROUP_SUFFIX.length);
}
