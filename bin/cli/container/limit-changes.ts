/** Asks the engine for a change of limits, of containers or of a group, and shows what has changed. */
import { messageOf } from "../../../lib/errors.ts";
import type { LimitChange, UpdateRequest } from "../../../runtime/index.ts";
import type { Client } from "../client/client.ts";
import { CliError } from "../errors.ts";
import { type ChangedObject, type ChangesLayout, renderChanges } from "../format/limit-changes.ts";

interface ChangeAnswer {
  readonly Warnings?: readonly string[] | null;
  readonly Changes: readonly LimitChange[];
}

/** A container, or a group of containers, whose limits are to change. */
export interface LimitTarget {
  readonly name: string;
  readonly path: string;
}

export const containerTarget = (name: string): LimitTarget => ({
  name,
  path: `/ctr/containers/${encodeURIComponent(name)}/limits`,
});

export const groupTarget = (name: string): LimitTarget => ({
  name,
  path: `/ctr/limit-groups/${encodeURIComponent(name)}`,
});

/** What to do: change limits, or put those that were asked in force again. */
export type WantedChange = UpdateRequest | "repair";

/**
 * Changes all targets; one that fails does not keep the others back.
 * @throws {CliError} with all errors, a line each
 */
export async function applyChanges(
  client: Client,
  targets: readonly LimitTarget[],
  wanted: WantedChange,
  layout: ChangesLayout,
): Promise<void> {
  const results = await Promise.allSettled(targets.map((target) => apply(client, target, wanted)));
  const changed = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  process.stdout.write(renderChanges(changed, layout));
  const errors = results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}

async function apply(client: Client, { name, path }: LimitTarget, wanted: WantedChange): Promise<ChangedObject> {
  const answer =
    wanted === "repair"
      ? await client.post<ChangeAnswer>(`${path}/repair`)
      : await client.post<ChangeAnswer>(path, { body: wanted });
  for (const warning of answer.Warnings ?? []) console.error(`WARNING: ${warning}`);
  return { name, changes: answer.Changes };
}
