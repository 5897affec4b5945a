import { formatSize } from "../../../lib/units/size.ts";
import { toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { filterQuery, longFilterOption } from "../filters.ts";
import { confirm } from "../terminal/confirm.ts";

const warningOf = (all: boolean): string =>
  `WARNING! This will remove ${all ? "all" : "anonymous local"} volumes not used by at least one container.`;

interface Pruned {
  readonly VolumesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}

export const command = defineCommand({
  summary: "Remove the volumes without a name that no container has",
  usage: "[OPTIONS]",
  operands: [0, 0],
  options: {
    all: toggle({ short: "a", help: "Also those with a name" }),
    filter: longFilterOption('Only those that fit: "label=a=b", "label!=keep"'),
    force: toggle({ short: "f", help: "Do not ask" }),
  },
  examples: ["ctr volume prune", "ctr volume prune -a -f"],
  async run({ values }, { client }) {
    if (!values.force && !(await confirm(warningOf(values.all)))) return;
    const filters = filterQuery([...values.filter, ...(values.all ? [["all", "true"] as const] : [])]);
    const pruned = await client.post<Pruned>("/volumes/prune", { query: { filters } });
    const names = pruned.VolumesDeleted ?? [];
    if (names.length > 0) process.stdout.write(`Deleted Volumes:\n${names.map((name) => `${name}\n`).join("")}\n`);
    console.log(`Total reclaimed space: ${formatSize(pruned.SpaceReclaimed)}`);
  },
});
