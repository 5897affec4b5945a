import { integer, text, toggle } from "../../flags/options.ts";
import type { ContainerSummary } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { filterOption, filterQuery } from "../filters.ts";
import { CONTAINER_HEADINGS, containerColumns, containerRow } from "../format/containers.ts";
import { renderRows } from "../format/rows.ts";

export const command = defineCommand({
  summary: "List containers",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["container ls", "container list", "container ps", "ps"],
  options: {
    all: toggle({ short: "a", help: "Show all containers, not only those that run" }),
    filter: filterOption('Only those that fit: "status=exited", "name=web", "label=a=b"'),
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Names}}'" }),
    last: integer({ short: "n", help: "Show the last containers created, in any state" }),
    latest: toggle({ short: "l", help: "Show the latest created container, in any state" }),
    "no-trunc": toggle({ help: "Show values whole" }),
    quiet: toggle({ short: "q", help: "Only show container IDs" }),
    size: toggle({ short: "s", help: "Show sizes" }),
  },
  examples: [
    "ctr ps -a",
    "ctr ps --filter status=exited -q   # ids of those that have ended",
    "ctr ps --format '{{.Names}}: {{.Ports}}'",
    "ctr ps --format json",
  ],
  async run({ values }, { client }) {
    const last = values.latest ? 1 : values.last;
    const containers = await client.get<ContainerSummary[]>("/containers/json", {
      all: values.all || last !== undefined ? 1 : undefined,
      limit: last === undefined || last < 0 ? undefined : last,
      size: values.size || (values.format ?? "").includes(".Size") ? 1 : undefined,
      filters: filterQuery(values.filter),
    });
    const rows = containers.map((container) => containerRow(container, values["no-trunc"]));
    const format = values.format ?? (values.quiet ? "{{.ID}}" : undefined);
    process.stdout.write(
      renderRows(rows, { format, columns: containerColumns(values.size), headings: CONTAINER_HEADINGS }),
    );
  },
});
