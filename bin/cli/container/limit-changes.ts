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

/** One container or group, and the request that changes it. */
export interface WantedChange {
  readonly name: string;
  readonly path: string;
  readonly body?: UpdateRequest;
}

export const containerChange = (name: string, body: UpdateRequest): WantedChange => ({
  name,
  path: `/ctr/containers/${encodeURIComponent(name)}/limits`,
  body,
});

/** What is in force is made what is asked again, where somebody changed it behind the engine. */
export const containerRepair = (name: string): WantedChange => ({
  name,
  path: `/ctr/containers/${encodeURIComponent(name)}/limits/repair`,
});

export const groupChange = (name: string, body: UpdateRequest): WantedChange => ({
  name,
  path: `/ctr/limit-groups/${encodeURIComponent(name)}`,
  body,
});

/**
 * Makes all changes; one that fails does not keep the others back.
 * @throws {CliError} with all errors, a line each
 */
export async function applyChanges(
  client: Client,
  wanted: readonly WantedChange[],
  layout: ChangesLayout,
): Promise<void> {
  const results = await Promise.allSettled(wanted.map((change) => apply(client, change)));
  const changed = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  process.stdout.write(renderChanges(changed, layout));
  const errors = results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}

async function apply(client: Client, { name, path, body }: WantedChange): Promise<ChangedObject> {
  const { Warnings, Changes } = await client.post<ChangeAnswer>(path, body === undefined ? {} : { body });
  for (const warning of Warnings ?? []) console.error(`WARNING: ${warning}`);
  return { name, changes: Changes };
}
