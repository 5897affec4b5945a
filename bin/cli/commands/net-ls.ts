import { text, toggle } from "../../flags/options.ts";
import type { NetworkSummary } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { filterOption, filterQuery } from "../filters.ts";
import { NETWORK_COLUMNS, NETWORK_HEADINGS, networkRow } from "../format/networks.ts";
import { renderRows } from "../format/rows.ts";

export const command = defineCommand({
  summary: "List networks",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net ls", "net list", "network ls", "network list"],
  options: {
    filter: filterOption('Only those that fit: "driver=bridge", "name=web"'),
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Name}}'" }),
    "no-trunc": toggle({ help: "Show values whole" }),
    quiet: toggle({ short: "q", help: "Only show network IDs" }),
  },
  examples: ["ctr net ls", "ctr net ls --format '{{.Name}} {{.Driver}}'"],
  async run({ values }, { client }) {
    const networks = await client.get<NetworkSummary[]>("/networks", { filters: filterQuery(values.filter) });
    const rows = networks
      .sort((a, b) => (a.Name < b.Name ? -1 : 1))
      .map((network) => networkRow(network, values["no-trunc"]));
    const format = values.format ?? (values.quiet ? "{{.ID}}" : undefined);
    process.stdout.write(renderRows(rows, { format, columns: NETWORK_COLUMNS, headings: NETWORK_HEADINGS }));
  },
});
