import { formatBinarySize } from "../../../lib/units/size.ts";
import { toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { defineCommand } from "../command.ts";
import { CliError } from "../errors.ts";
import { alignColumns } from "../format/table.ts";

interface ProcessTable {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[] | null;
}

interface ProcessUsage {
  readonly Pid: number;
  readonly ContainerPid?: number;
  readonly State: string;
  /** Per cent of one CPU. */
  readonly Cpu: number;
  /** Bytes. */
  readonly Memory: number;
  readonly OomScoreAdj: number;
  readonly OomScore: number;
  readonly Command: string;
}

const USAGE_TITLES = ["PID", "IN CONTAINER", "STATE", "CPU %", "MEMORY", "OOM ADJ", "OOM SCORE", "COMMAND"];

export const command = defineCommand({
  summary: "Show the running processes of a container",
  usage: "[OPTIONS] CONTAINER [ps OPTIONS]",
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  alsoKnownAs: ["container top", "top"],
  options: {
    usage: toggle({
      help: "Show CPU time and memory of each process, and who would be killed first when memory runs out",
    }),
  },
  examples: [
    "ctr top web",
    "ctr top web -o pid,rss,args   # columns of ps(1)",
    "ctr top --usage web           # the busiest first",
  ],
  async run({ values, operands: [name = "", ...psOptions] }, { client }) {
    if (!values.usage) return await showTable(client, name, psOptions);
    if (psOptions.length > 0) throw new CliError("ctr top: --usage takes no options of ps");
    await showUsage(client, name);
  },
});

async function showTable(client: Client, name: string, psOptions: readonly string[]): Promise<void> {
  const query = psOptions.length === 0 ? {} : { ps_args: psOptions.join(" ") };
  const { Titles, Processes } = await client.get<ProcessTable>(`/containers/${encodeURIComponent(name)}/top`, query);
  process.stdout.write(alignColumns([Titles, ...(Processes ?? [])], { minimum: 20 }));
}

async function showUsage(client: Client, name: string): Promise<void> {
  const processes = await client.get<ProcessUsage[]>(`/ctr/containers/${encodeURIComponent(name)}/processes`);
  const rows = processes.map(({ Pid, ContainerPid, State, Cpu, Memory, OomScoreAdj, OomScore, Command }) => [
    ...[String(Pid), ContainerPid === undefined ? "-" : String(ContainerPid), State, Cpu.toFixed(1)],
    ...[formatBinarySize(Memory), String(OomScoreAdj), String(OomScore), Command],
  ]);
  process.stdout.write(alignColumns([USAGE_TITLES, ...rows], { minimum: 0 }));
}
