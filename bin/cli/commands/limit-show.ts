import { shortId } from "../../../lib/ids.ts";
import { text } from "../../flags/options.ts";
import type { ContainerLimits } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { cgroupDirectories, LIMIT_COLUMNS, LIMIT_HEADINGS, limitRow } from "../format/limits.ts";
import { renderRows } from "../format/rows.ts";
import { compileTemplate } from "../format/template/evaluate.ts";

export const command = defineCommand({
  summary: "Show the limits of containers: asked, enforced, used, and the file that says so",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  operands: [1, Number.POSITIVE_INFINITY],
  options: { format: text({ help: "table, json (a line a limit), or a Go template: '{{.limit}} {{.enforced}}'" }) },
  examples: ["ctr limit show web", "ctr limit show --format json web"],
  async run({ values, operands }, { client }) {
    const containers = await Promise.all(
      operands.map((name) => client.get<ContainerLimits>(`/ctr/containers/${encodeURIComponent(name)}/limits`)),
    );
    for (const [index, container] of containers.entries()) {
      process.stdout.write(
        `${index > 0 && values.format === undefined ? "\n" : ""}${render(container, values.format)}`,
      );
    }
  },
});

function render({ Id, Name, Driver, Limits }: ContainerLimits, format: string | undefined): string {
  if (format !== undefined && format !== "table") {
    // Programs get the readings themselves: numbers in the unit of the limit.
    const readings = Limits.map(({ limit, asked = null, enforced, usage = null, peak = null, file, value }) => ({
      ...{ container: Name, limit, asked, enforced, usage, peak, file, value },
    }));
    const show = format === "json" ? JSON.stringify : compileTemplate(format);
    return readings.map((reading) => `${show(reading)}\n`).join("");
  }
  const table = renderRows(Limits.map(limitRow), { format, columns: LIMIT_COLUMNS, headings: LIMIT_HEADINGS });
  const directories = cgroupDirectories(Limits).map((directory) => `files in ${directory}\n`);
  return `${Name} (${shortId(Id)}), ${Driver}\n${table}${directories.join("")}`;
}
