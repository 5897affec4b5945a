import { text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { defineCommand } from "../command.ts";
import { forEachName } from "../each.ts";
import { CliError } from "../errors.ts";
import { GROUP_COLUMNS, GROUP_HEADINGS, type LimitGroupDetails, limitGroupRow } from "../format/limit-groups.ts";
import { renderRows } from "../format/rows.ts";

export const command = defineCommand({
  summary: "List groups of containers that share limits, or remove them",
  usage: "[OPTIONS] [ls | rm GROUP [GROUP...]]",
  operands: [0, Number.POSITIVE_INFINITY],
  options: {
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Name}} {{.Limits}}'" }),
    quiet: toggle({ short: "q", help: "Only show names" }),
  },
  examples: [
    "ctr limit groups",
    "ctr limit set --group shop -m 1g --cpus 2          # makes the group, or changes it",
    "ctr run -d --cgroup-parent shop busybox httpd -f   # joins it",
    "ctr limit groups rm shop                           # when no container is in it any more",
  ],
  async run({ values, operands: [verb = "ls", ...names] }, { client }) {
    if (verb === "rm") return await remove(client, names);
    if (verb !== "ls" || names.length > 0) throw new CliError(`ctr limit groups lists (ls) or removes (rm): ${verb}?`);
    const rows = (await allGroups(client)).map(limitGroupRow);
    const format = values.format ?? (values.quiet ? "{{.Name}}" : undefined);
    process.stdout.write(renderRows(rows, { format, columns: GROUP_COLUMNS, headings: GROUP_HEADINGS }));
  },
});

const pathOf = (name: string): string => `/ctr/limit-groups/${encodeURIComponent(name)}`;

async function allGroups(client: Client): Promise<LimitGroupDetails[]> {
  const groups = await client.get<readonly { readonly Name: string }[]>("/ctr/limit-groups");
  return await Promise.all(groups.map(({ Name }) => client.get<LimitGroupDetails>(pathOf(Name))));
}

async function remove(client: Client, names: readonly string[]): Promise<void> {
  if (names.length === 0) throw new CliError("name the groups to remove: ctr limit groups rm shop");
  await forEachName(names, (name) => client.json("DELETE", pathOf(name)));
}
