import { shortId } from "../../../lib/ids.ts";
import { commaList, single, text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import type { ContainerSummary } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { CliError, ExitCode } from "../errors.ts";
import { resourcesOf } from "../stress/resources.ts";
import { LoadSession, STRESS_LABEL } from "../stress/session.ts";
import { parseTime } from "../stress/time.ts";
import { type Outcome, TRIAL_NAMES, verifyHost, verifyLimits } from "../stress/verify.ts";
import { OutcomeTable } from "../stress/verify-report.ts";

export const command = defineCommand({
  summary: "Prove that limits hold: put load on throw-away containers that have them",
  usage: "[OPTIONS] [CONTAINER...]",
  operands: [0, Number.POSITIVE_INFINITY],
  options: {
    all: toggle({ short: "a", help: "Of all running containers" }),
    host: toggle({ help: "Of this host: try a standard value of each limit" }),
    format: text({ help: "table, json (a line a limit), or a Go template: '{{.Limit}} {{.Verdict}}'" }),
    only: commaList({ help: "The limits that are tried, by their flags without dashes" }),
    time: single({ value: "duration", help: "How long each rate is measured (default 3s)", parse: parseTime }),
  },
  examples: [
    "ctr limit verify web      # every limit of web: set, measured, verdict",
    "ctr limit verify --host   # what this machine's kernel really enforces",
    "ctr limit verify --host --only memory,pids-limit",
    "ctr limit verify --all --format json",
  ],
  async run({ values, operands }, { client }) {
    const { all, host, format, time: seconds = 3 } = values;
    const unknown = values.only.find((name) => !TRIAL_NAMES.includes(name));
    if (unknown !== undefined) {
      throw new CliError(`there is no trial ${unknown}: ${TRIAL_NAMES.join(", ")}`, ExitCode.notRun);
    }
    if ([operands.length > 0, all, host].filter(Boolean).length !== 1) {
      throw new CliError("give containers, --all or --host", ExitCode.notRun);
    }
    const names = all ? await runningContainers(client) : operands;
    const hostConfigs = await Promise.all(names.map((name) => hostConfigOf(client, name)));
    await using session = await LoadSession.open(client, (line) => console.error(line));
    const table = new OutcomeTable(format);
    const only = values.only.length === 0 ? undefined : new Set(values.only);
    const options = { seconds, only, tell: (outcome: Outcome): void => table.add(outcome) };
    if (host) {
      table.begin("this host");
      await verifyHost(session, options);
    }
    for (const [index, hostConfig] of hostConfigs.entries()) {
      table.begin(names[index] ?? "");
      await verifyLimits(session, resourcesOf(hostConfig), options);
    }
    table.end();
    return table.hasFailed ? ExitCode.failed : 0;
  },
});

type HostConfig = Readonly<Record<string, unknown>>;

async function runningContainers(client: Client): Promise<string[]> {
  const containers = await client.get<ContainerSummary[]>("/containers/json");
  return containers
    .filter(({ Labels }) => Labels?.[STRESS_LABEL] === undefined)
    .map(({ Id, Names }) => Names?.[0]?.slice(1) ?? shortId(Id));
}

async function hostConfigOf(client: Client, name: string): Promise<HostConfig> {
  const path = `/containers/${encodeURIComponent(name)}/json`;
  return (await client.get<{ readonly HostConfig: HostConfig }>(path)).HostConfig;
}
