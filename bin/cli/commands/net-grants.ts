import { text } from "../../flags/options.ts";
import type { GrantRow } from "../client/network-types.ts";
import { defineCommand } from "../command.ts";
import { GRANT_COLUMNS, GRANT_HEADINGS, grantRow } from "../format/grants.ts";
import { renderRows } from "../format/rows.ts";

export const command = defineCommand({
  summary: "List what net allow has opened",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net grants", "network grants"],
  options: { format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.From}} {{.To}}'" }) },
  examples: ["ctr net grants"],
  async run({ values }, { client }) {
    const rows = (await client.get<GrantRow[]>("/ctr/networks/grants")).map(grantRow);
    process.stdout.write(renderRows(rows, { format: values.format, columns: GRANT_COLUMNS, headings: GRANT_HEADINGS }));
  },
});
