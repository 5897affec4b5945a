import { defineCommand } from "../command.ts";
import { alignColumns } from "../format/table.ts";

interface ProcessTable {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[] | null;
}

export const command = defineCommand({
  summary: "Show the running processes of a container",
  usage: "CONTAINER [ps OPTIONS]",
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  alsoKnownAs: ["container top", "top"],
  options: {},
  examples: ["ctr top web", "ctr top web -o pid,rss,args   # columns of ps(1)"],
  async run({ operands: [name = "", ...psOptions] }, { client }) {
    const query = psOptions.length === 0 ? {} : { ps_args: psOptions.join(" ") };
    const { Titles, Processes } = await client.get<ProcessTable>(`/containers/${encodeURIComponent(name)}/top`, query);
    process.stdout.write(alignColumns([Titles, ...(Processes ?? [])], { minimum: 20 }));
  },
});
