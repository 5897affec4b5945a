import { text, toggle } from "../../flags/options.ts";
import type { ContainerLimits } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { SUMMARY_COLUMNS, SUMMARY_HEADINGS, summaryRow } from "../format/limits.ts";
import { renderRows } from "../format/rows.ts";

export const command = defineCommand({
  summary: "List running containers with their limits and use",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["limit ls", "limit list"],
  options: {
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Name}} {{.Memory}}'" }),
    "no-trunc": toggle({ help: "Show values whole" }),
  },
  examples: ["ctr limit ls", "ctr limit ls --format '{{.Name}} {{.OOMKills}}'"],
  async run({ values }, { client }) {
    const containers = await client.get<ContainerLimits[]>("/ctr/limits");
    const rows = containers.map((container) => summaryRow(container, values["no-trunc"]));
    process.stdout.write(
      renderRows(rows, { format: values.format, columns: SUMMARY_COLUMNS, headings: SUMMARY_HEADINGS }),
    );
  },
});
