import { text } from "../../flags/options.ts";
import type { PortRow } from "../client/network-types.ts";
import { defineCommand } from "../command.ts";
import { PORT_COLUMNS, PORT_HEADINGS, portRow } from "../format/net-ports.ts";
import { renderRows } from "../format/rows.ts";

export const command = defineCommand({
  summary: "Show who holds which port of the host",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net ports", "network ports"],
  options: { format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.HostPort}} {{.Container}}'" }) },
  examples: ["ctr net ports", "ctr net ports --format '{{.HostPort}} {{.Container}}'"],
  async run({ values }, { client }) {
    const rows = (await client.get<PortRow[]>("/ctr/net/ports")).map(portRow);
    process.stdout.write(renderRows(rows, { format: values.format, columns: PORT_COLUMNS, headings: PORT_HEADINGS }));
  },
});
