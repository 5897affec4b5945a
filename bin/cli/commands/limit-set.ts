import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { applyChanges, containerTarget, groupTarget, type LimitTarget } from "../container/limit-changes.ts";
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
    if (repair && limits.length > 0) throw new CliError(`conflicting options: --repair and --${limits[0]}`);
    if (!repair && limits.length === 0) {
      throw new CliError("you must provide one or more flags when using this command");
    }
    const targets = group === undefined ? containers(operands) : [groupOf(group, operands, limits)];
    await applyChanges(client, targets, repair ? "repair" : updateRequest(values), values);
  },
});

function containers(names: readonly string[]): LimitTarget[] {
  if (names.length === 0) throw new CliError("name a container, or a group with --group");
  return names.map(containerTarget);
}

function groupOf(name: string, operands: readonly string[], limits: readonly string[]): LimitTarget {
  if (operands.length > 0) throw new CliError("conflicting arguments: name containers, or a group with --group");
  const foreign = limits.find((limit) => !(limit in GROUP_LIMIT_OPTIONS) || limit === "oom-score-adj");
  if (foreign !== undefined) throw new CliError(`a group has no --${foreign}: it belongs to each of its containers`);
  if (name === "") throw new CliError('invalid group name: ""');
  return groupTarget(name);
}
