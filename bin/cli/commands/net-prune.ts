import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { filterQuery, longFilterOption } from "../filters.ts";
import { confirm } from "../terminal/confirm.ts";

const WARNING = "WARNING! This will remove all custom networks not used by at least one container.";

export const command = defineCommand({
  summary: "Remove all networks that no container uses",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net prune", "network prune"],
  options: {
    filter: longFilterOption('Only those that fit: "until=24h", "label=a=b", "label!=keep"'),
    force: toggle({ short: "f", help: "Do not ask" }),
  },
  examples: ["ctr net prune", "ctr net prune -f --filter until=24h"],
  async run({ values }, { client }) {
    if (!values.force && !(await confirm(WARNING))) return;
    const { NetworksDeleted } = await client.post<{ readonly NetworksDeleted: readonly string[] | null }>(
      "/networks/prune",
      { query: { filters: filterQuery(values.filter) } },
    );
    const names = NetworksDeleted ?? [];
    if (names.length > 0) process.stdout.write(`Deleted Networks:\n${names.map((name) => `${name}\n`).join("")}\n`);
  },
});
