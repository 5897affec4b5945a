/** Limits above the kernel's groups: named groups, changes, and where a container's group goes. */
export { changedResources, describeChange, describeFiles, limitsBetween } from "./change.ts";
export { CEILING, type LimitGroup, LimitGroups, type LimitGroupsOptions, limitGroupMigrations } from "./groups.ts";
export { groupNameOf, groupsBelow, type ParentSettings } from "./parent.ts";
