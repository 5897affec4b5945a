import type { NameExplanation } from "../../../netns/index.ts";
import { single, text } from "../../flags/options.ts";
import type { ContainerSummary } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { NAME_COLUMNS, NAME_HEADINGS, nameRow } from "../format/name-steps.ts";
import { renderRows } from "../format/rows.ts";

export const command = defineCommand({
  summary: "Show what a container is answered for a name, and by whom",
  usage: "[OPTIONS] CONTAINER NAME",
  operands: [2, 2],
  alsoKnownAs: ["net dns", "network dns"],
  options: {
    type: single({
      short: "t",
      value: "string",
      help: "What is asked for: A (default), AAAA, PTR, TXT …",
      parse: (value) => value.toUpperCase(),
    }),
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Status}} {{.Answers}}'" }),
  },
  examples: [
    "ctr net dns web db",
    "ctr net dns -t AAAA web example.com",
    "ctr net dns web 172.18.0.2   # which name the address has",
  ],
  /** @returns 1 when there is no such name or address */
  async run({ values, operands: [container = "", name = ""] }, { client }) {
    const explanation = await client.get<NameExplanation>(`/ctr/containers/${encodeURIComponent(container)}/dns`, {
      name,
      type: values.type,
    });
    const containers = await client.get<ContainerSummary[]>("/containers/json", { all: 1 });
    const names = new Map(containers.map(({ Id, Names }) => [Id, Names?.[0]?.replace(/^\//, "") ?? ""]));
    const rows = explanation.steps.map((step) => nameRow(step, names));
    process.stdout.write(renderRows(rows, { format: values.format, columns: NAME_COLUMNS, headings: NAME_HEADINGS }));
    return (explanation.steps.at(-1)?.answers.length ?? 0) > 0 ? 0 : 1;
  },
});
