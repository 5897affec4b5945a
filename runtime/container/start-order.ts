/** Which containers have to run before others can start: the one whose network is shared, and those linked to. */
import type { Container } from "../types.ts";
import type { ContainerRecords } from "./records.ts";
import { sandboxIdOf } from "./shared-network.ts";

/** Ids of the containers that have to run before this one starts. */
export function needsOf(records: ContainerRecords, container: Container): string[] {
  const owner = sandboxIdOf(records, container);
  const targets = (container.links ?? []).map(({ targetId }) => targetId);
  return [...(owner === container.id ? [] : [owner]), ...targets];
}

/**
 * Starts all at once, but each only after those of them that it needs, whether these succeeded or not. Circles are cut
 * where they close.
 * @param start must not reject
 */
export async function startInOrder(
  ids: readonly string[],
  needs: (id: string) => readonly string[],
  start: (id: string) => Promise<void>,
): Promise<void> {
  const due = new Set(ids);
  const started = new Map<string, Promise<void>>();
  const begin = (id: string, way: readonly string[]): Promise<void> => {
    const before = started.get(id);
    if (before !== undefined) return before;
    const first = needs(id).filter((need) => due.has(need) && !way.includes(need));
    const promise = Promise.all(first.map((need) => begin(need, [...way, need]))).then(() => start(id));
    started.set(id, promise);
    return promise;
  };
  await Promise.all(ids.map((id) => begin(id, [id])));
}
