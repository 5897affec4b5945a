import { toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { defineCommand } from "../command.ts";
import { forEachName, UNPRINTED } from "../each.ts";
import { EngineError } from "../errors.ts";

export const command = defineCommand({
  summary: "Remove one or more containers",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container rm", "container remove", "rm"],
  options: {
    force: toggle({ short: "f", help: "Kill it first when it runs" }),
    link: toggle({ short: "l", help: "Remove the link PARENT/ALIAS, not a container" }),
    volumes: toggle({ short: "v", help: "Remove its anonymous volumes, too" }),
  },
  examples: ["ctr rm old", "ctr rm -f web", "ctr rm -f $(ctr ps -aq)   # all of them", "ctr rm --link web/db"],
  run: ({ values, operands }, { client }) => forEachName(operands, (name) => remove(client, name, values)),
});

interface RemoveOptions {
  readonly force: boolean;
  readonly link: boolean;
  readonly volumes: boolean;
}

async function remove(client: Client, name: string, { force, link, volumes }: RemoveOptions): Promise<unknown> {
  const query = { force: force ? 1 : undefined, v: volumes ? 1 : undefined, link: link ? 1 : undefined };
  // The slash of PARENT/ALIAS stays one.
  const path = name.replace(/^\/+/, "").split("/").map(encodeURIComponent).join("/");
  try {
    return await client.json("DELETE", `/containers/${path}`, { query });
  } catch (error) {
    // With --force it is enough that the container is not there.
    const isGone = force && error instanceof EngineError && error.status === 404;
    if (!isGone) throw error;
    console.error(error.message);
    return UNPRINTED;
  }
}
