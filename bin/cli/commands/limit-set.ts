import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { applyChanges, containerChange, containerRepair, groupChange } from "../container/limit-changes.ts";
import { GROUP_LIMIT_OPTIONS } from "../container/limit-options.ts";
import { UPDATE_OPTIONS, updateRequest } from "../container/limit-update.ts";
import { CliError } from "../errors.ts";

const OPTIONS = {
  ...UPDATE_OPTIONS,
  group: text({ help: 'The group of containers to limit, instead of containers; "ctr" is over all of them' }),
  repair: toggle({ help: "Put limits that somebody changed behind the engine in force again" }),
  verbose: toggle({ help: "Show the files that were written" }),
  format: text({ help: "table, json (a line a limit), or a Go template: '{{.Limit}} {{.After}}'" }),
};

/** They say what to change, and how to show it. All else is the change. */
const NO_LIMITS: ReadonlySet<string> = new Set(["group", "repair", "verbose", "format"]);

export const command = defineCommand({
  summary: "Change limits while containers run, and show old and new values",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]|--group GROUP",
  operands: [0, Number.POSITIVE_INFINITY],
  options: OPTIONS,
  examples: [
    "ctr limit set web -m 256m --cpus 1.5",
    "ctr limit set web --memory-high 200m    # slow it down before it is killed",
    "ctr limit set --group shop -m 1g        # all containers with --cgroup-parent shop together",
    "ctr limit set --group ctr --cpus 3      # all containers of this engine together",
    "ctr limit set web --repair              # somebody wrote into its cgroup files",
  ],
  async run({ values, given, operands }, { client }) {
    const { group, repair } = values;
    const limits = [...given].filter((name) => !NO_LIMITS.has(name));
    if (group !== undefined) {
      checkGroup(operands, limits, repair);
      await applyChanges(client, [groupChange(group, updateRequest(values))], values);
      return;
    }
    if (operands.length === 0) throw new CliError("name a container, or a group with --group");
    if (repair && limits.length > 0) throw new CliError(`conflicting options: --repair and --${limits[0]}`);
    if (!repair) requireLimits(limits);
    const change = repair ? containerRepair : (name: string) => containerChange(name, updateRequest(values));
    await applyChanges(client, operands.map(change), values);
  },
});

function checkGroup(operands: readonly string[], limits: readonly string[], repair: boolean): void {
  if (operands.length > 0) throw new CliError("conflicting arguments: name containers, or a group with --group");
  if (repair) throw new CliError("conflicting options: --repair and --group");
  requireLimits(limits);
  const foreign = limits.find((name) => !(name in GROUP_LIMIT_OPTIONS) || name === "oom-score-adj");
  if (foreign !== undefined) throw new CliError(`a group has no --${foreign}: it belongs to processes of a container`);
}

function requireLimits(limits: readonly string[]): void {
  if (limits.length === 0) throw new CliError("you must provide one or more flags when using this command");
}
