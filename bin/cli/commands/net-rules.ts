import type { FirewallListing } from "../../../netns/index.ts";
import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { renderRows } from "../format/rows.ts";
import { RULE_COLUMNS, RULE_HEADINGS, ruleRow } from "../format/rules.ts";

/** Owner of the rules that are there without any network or port. */
const CONSTANT = "ctr";

export const command = defineCommand({
  summary: "Show every firewall rule and element with its owner and its counters",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["net rules", "network rules"],
  options: {
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Owner}} {{.Text}}'" }),
    owned: toggle({ help: "Leave out the constant part: only what networks, ports and openings have added" }),
  },
  examples: [
    "ctr net rules   # counted is what begins a connection, not what follows",
    "ctr net rules --owned",
    "ctr net rules --format '{{.Place}} {{.Packets}} {{.Text}}'",
  ],
  async run({ values }, { client }) {
    const { backend, mode, rows, foreignDrops } = await client.get<FirewallListing>("/ctr/net/rules");
    const shown = rows.filter(({ owner }) => !values.owned || owner !== CONSTANT).map(ruleRow);
    const table = renderRows(shown, { format: values.format, columns: RULE_COLUMNS, headings: RULE_HEADINGS });
    const isTable = values.format === undefined || values.format === "table";
    process.stdout.write(isTable ? `backend ${backend}${mode === undefined ? "" : ` (${mode})`}\n${table}` : table);
    for (const drop of foreignDrops) console.error(`WARNING: ${drop} drops packets of containers`);
  },
});
