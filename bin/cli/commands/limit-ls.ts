import { text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import type { ContainerLimits } from "../client/types.ts";
import { usageSteps } from "../client/usage.ts";
import { defineCommand } from "../command.ts";
import { type Figures, figuresOf } from "../format/figures.ts";
import { USE_COLUMNS, USE_HEADINGS, useRow, useTable } from "../format/limit-use.ts";
import { renderRows } from "../format/rows.ts";
import { terminalSize } from "../terminal/terminal.ts";

/** Milliseconds over which CPU time and waiting are measured. */
const WINDOW = 500;

export const command = defineCommand({
  summary: "List running containers with their limits and what they use of them",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["limit ls", "limit list"],
  options: {
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Name}} {{.Memory}}'" }),
    "no-trunc": toggle({ help: "Show ids whole, with --format" }),
  },
  examples: ["ctr limit ls", "ctr limit ls --format '{{.Name}} {{.OOMKills}}'"],
  async run({ values }, { client }) {
    const [containers, figures] = await Promise.all([client.get<ContainerLimits[]>("/ctr/limits"), measure(client)]);
    const rows = containers.map((container) => useRow(container, figures.get(container.Id), values["no-trunc"]));
    const { format } = values;
    const terminal = terminalSize();
    const isTable = format === undefined || format === "table";
    process.stdout.write(
      isTable && terminal !== undefined
        ? useTable(rows, terminal.columns)
        : renderRows(rows, { format, columns: USE_COLUMNS, headings: USE_HEADINGS }),
    );
  },
});

const PARTS = ["waited", "throttling", "kills"] as const;

/** By container. */
async function measure(client: Client): Promise<ReadonlyMap<string, Figures>> {
  for await (const step of usageSteps(client, { containers: [], interval: WINDOW, parts: PARTS })) {
    const isEmpty = step.now.Containers.length === 0;
    if (step.before === undefined && !isEmpty) continue;
    return new Map(figuresOf(step).map((figures) => [figures.usage.Id, figures]));
  }
  return new Map();
}
