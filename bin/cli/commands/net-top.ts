import { setTimeout as delay } from "node:timers/promises";
import { single, text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { defineCommand } from "../command.ts";
import { renderRows } from "../format/rows.ts";
import { type NamedTraffic, TRAFFIC_COLUMNS, TRAFFIC_HEADINGS, trafficRows } from "../format/traffic.ts";

/** Clears the screen and goes to its first line. */
const CLEAR = "\x1b[H\x1b[2J";

export const command = defineCommand({
  summary: "Show the traffic of containers as it happens",
  usage: "[OPTIONS] [CONTAINER...]",
  operands: [0, Number.POSITIVE_INFINITY],
  alsoKnownAs: ["net top", "network top"],
  options: {
    format: text({ help: "table, json, 'table TEMPLATE' or a Go template: '{{.Name}} {{.Receives}}'" }),
    interval: single({
      short: "n",
      value: "seconds",
      help: "Time between two looks (default 1)",
      parse: parseInterval,
    }),
    "no-stream": toggle({ help: "Look once, over one interval" }),
  },
  examples: ["ctr net top", "ctr net top -n 5 web db", "ctr net top --no-stream --format json"],
  async run({ values, operands }, { client }) {
    const { interval = 1, format } = values;
    let before = await look(client);
    do {
      await delay(interval * 1000);
      const after = await look(client);
      const rows = trafficRows(before.rows, after.rows, (after.time - before.time) / 1000);
      const chosen = rows.filter(
        ({ Name, ID }) => operands.length === 0 || isNamed(operands, String(Name), String(ID)),
      );
      const list = renderRows(chosen, { format, columns: TRAFFIC_COLUMNS, headings: TRAFFIC_HEADINGS });
      process.stdout.write(process.stdout.isTTY && !values["no-stream"] ? CLEAR + list : list);
      before = after;
    } while (!values["no-stream"]);
  },
});

async function look(client: Client) {
  const rows = await client.get<NamedTraffic[]>("/ctr/net/traffic");
  return { rows, time: performance.now() };
}

const isNamed = (operands: readonly string[], name: string, id: string): boolean =>
  operands.some((operand) => operand === name || (operand !== "" && id.startsWith(operand)));

function parseInterval(value: string): number {
  const seconds = Number(value);
  if (!(seconds > 0) || seconds > 3600) throw new Error("must be a number of seconds, more than 0 and at most 3600");
  return seconds;
}
