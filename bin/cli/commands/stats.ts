import { text, toggle } from "../../flags/options.ts";
import { type UsageStep, usageSteps } from "../client/usage.ts";
import { defineCommand } from "../command.ts";
import { type Figures, figuresOf } from "../format/figures.ts";
import { renderRows } from "../format/rows.ts";
import { STATS_COLUMNS, STATS_HEADINGS, statsRow, WIDE_COLUMNS } from "../format/stats.ts";
import { LiveText } from "../terminal/live.ts";

/** What Docker's columns show, and what all show. */
const DOCKERS_PARTS = ["networks", "io"] as const;
const ALL_PARTS = [...DOCKERS_PARTS, "waited", "throttling", "kills"] as const;

export const command = defineCommand({
  summary: "Show what containers use, as it happens",
  usage: "[OPTIONS] [CONTAINER...]",
  operands: [0, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["container stats", "stats"],
  options: {
    all: toggle({ short: "a", help: "Show all containers, not only those that run" }),
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Name}} {{.CPUPerc}}'" }),
    "no-stream": toggle({ help: "Show the figures of one second, and end" }),
    "no-trunc": toggle({ help: "Show ids whole" }),
    wide: toggle({ short: "w", help: "Show also limits, throttling, swap, pressure and kills" }),
  },
  examples: [
    "ctr stats",
    "ctr stats --no-stream --format '{{.Name}}: {{.CPUPerc}}' web db",
    "ctr stats --wide   # also what the limits do",
  ],
  async run({ values, operands }, { client }) {
    const { format, all } = values;
    const columns = values.wide ? WIDE_COLUMNS : STATS_COLUMNS;
    const render = (step: UsageStep): string => {
      const rows = figuresOf(step).map((figures) =>
        statsRow(figures, nameAsked(operands, figures), values["no-trunc"]),
      );
      return renderRows(rows, { format, columns, headings: STATS_HEADINGS });
    };
    // A template may name any field.
    const parts = values.wide || format !== undefined ? ALL_PARTS : DOCKERS_PARTS;
    const show = output(!values["no-stream"]);
    for await (const step of usageSteps(client, { containers: operands, all, parts })) {
      // One line tells how much memory is used, two tell how fast CPU time is.
      if (step.before === undefined && (values["no-stream"] || !process.stdout.isTTY)) {
        // Where nothing runs nothing will be different in a second.
        if (step.now.Containers.some(({ Stats }) => Stats !== undefined) || !values["no-stream"]) continue;
      }
      show(render(step));
      if (values["no-stream"]) break;
    }
  },
});

function output(redraws: boolean): (picture: string) => void {
  if (!redraws || !process.stdout.isTTY) return (picture) => void process.stdout.write(picture);
  const live = new LiveText(process.stdout);
  return (picture) => live.draw(picture);
}

const nameAsked = (operands: readonly string[], { usage: { Id, Name } }: Figures): string | undefined =>
  operands.find((operand) => operand.replace(/^\//, "") === Name) ?? operands.find((operand) => Id.startsWith(operand));
