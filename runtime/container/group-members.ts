/** Which containers are in which groups: by what is recorded, and by what is left after a crash. */
import { type Cgroups, groupId } from "../../cgroups/index.ts";
import { CtrError } from "../../lib/errors.ts";
import { isFullId } from "../../lib/ids.ts";
import { CEILING, groupNameOf } from "../limits/index.ts";
import type { Container } from "../types.ts";
import { askedGroupsOf, cgroupsOf } from "./limits.ts";
import type { Parts } from "./parts.ts";

/**
 * Every group that is a container's by its id: of any id below our own parent and the named groups in it; elsewhere, where
 * others may have groups too, of containers that we know.
 */
export function* leftGroups(parts: Parts): Generator<readonly [Cgroups, string]> {
  const { cgroups, records } = parts;
  const own = [cgroups, ...cgroups.groups().map((name) => cgroups.under(`${cgroups.parent}/${groupId(name)}`))];
  for (const among of own) for (const id of among.list()) if (isFullId(id)) yield [among, id];
  for (const { container } of records.all()) {
    for (const among of parentsOf(parts, container)) {
      if (!own.includes(among) && among.exists(container.id)) yield [among, container.id];
    }
  }
}

/** A start may have been cut short before its parent was recorded. */
function parentsOf(parts: Parts, { hostConfig, cgroupParent }: Container): Set<Cgroups> {
  const recorded = cgroupParent === undefined ? [] : [parts.cgroups.under(cgroupParent)];
  return new Set([...recorded, ...unlessInvalid(() => askedGroupsOf(parts, hostConfig))]);
}

/** Ids of containers, running or not, by the name of the group that is above them; those that name none by `CEILING`. */
export function containersByGroup(parts: Parts): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { container } of parts.records.all()) {
    for (const among of unlessInvalid(() => cgroupsOf(parts, container))) {
      const name = among === parts.cgroups ? CEILING : groupNameOf(parts.cgroups, among);
      if (name !== undefined) users.set(name, [...(users.get(name) ?? []), container.id]);
    }
  }
  return users;
}

/** A parent that another configuration of the engine allowed. */
function unlessInvalid(find: () => Cgroups): Cgroups[] {
  try {
    return [find()];
  } catch (error) {
    if (error instanceof CtrError && error.kind === "invalid") return [];
    throw error;
  }
}
