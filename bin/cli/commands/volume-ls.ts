import { text, toggle } from "../../flags/options.ts";
import type { VolumeSummary } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { filterOption, filterQuery } from "../filters.ts";
import { renderRows } from "../format/rows.ts";
import { VOLUME_COLUMNS, VOLUME_HEADINGS, volumeRow } from "../format/volumes.ts";

export const command = defineCommand({
  summary: "List volumes",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["volume ls", "volume list"],
  options: {
    filter: filterOption('Only those that fit: "name=data", "dangling=true", "label=a=b"'),
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Name}}'" }),
    quiet: toggle({ short: "q", help: "Only show names" }),
  },
  examples: ["ctr volume ls", "ctr volume ls -f dangling=true   # no container has them"],
  async run({ values }, { client }) {
    const query = { filters: filterQuery(values.filter) };
    const { Volumes } = await client.get<{ readonly Volumes: readonly VolumeSummary[] | null }>("/volumes", query);
    const format = values.format ?? (values.quiet ? "{{.Name}}" : undefined);
    const rows = (Volumes ?? []).map(volumeRow);
    process.stdout.write(renderRows(rows, { format, columns: VOLUME_COLUMNS, headings: VOLUME_HEADINGS }));
  },
});
