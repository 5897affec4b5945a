import { limitNamed } from "../../../cgroups/index.ts";
import { CtrError } from "../../../lib/errors.ts";
import { isProcessLimitName } from "../../../lib/system/process-limits.ts";
import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { applyChanges, containerTarget, groupTarget, type LimitTarget } from "../container/limit-changes.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "Take limits away while a container runs",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]|--group GROUP LIMIT [LIMIT...]",
  operands: [1, Number.POSITIVE_INFINITY],
  options: {
    group: text({ help: 'The group of containers, instead of a container; "ctr" is over all of them' }),
    verbose: toggle({ help: "Show the files that were written" }),
    format: text({ help: "table, json (a line a limit), or a Go template: '{{.Limit}} {{.After}}'" }),
  },
  examples: [
    "ctr limit unset web memory pids-limit",
    "ctr limit unset web db cpus            # of several containers",
    "ctr limit unset web nofile net-rate    # as without --ulimit nofile=…, and without --net-rate",
    "ctr limit unset --group shop cpus",
  ],
  async run({ values, operands }, { client }) {
    const { group } = values;
    const { targets, names } = group === undefined ? ofContainers(operands) : ofGroup(group, operands);
    const wireName = group === undefined ? wireNameOfContainer : wireNameOfGroup;
    await applyChanges(client, targets, { Unset: names.map(wireName) }, values);
  },
});

interface Removal {
  readonly targets: readonly LimitTarget[];
  readonly names: readonly string[];
}

/** Containers, then limits, the first of which is known by its name. */
function ofContainers(operands: readonly string[]): Removal {
  const first = operands.findIndex((operand, index) => index > 0 && isLimitName(operand));
  const border = first === -1 ? operands.length - 1 : first;
  // With one operand it is a container, with more the last one is meant as a limit, whatever it is.
  const [containers, names] = [operands.slice(0, border || 1), operands.slice(border || 1)];
  if (names.length === 0) {
    const [only = ""] = containers;
    throw new CliError(
      isLimitName(only)
        ? `name the container, too: ctr limit unset CONTAINER ${only}`
        : `name the limits to take away: ctr limit unset ${only} memory`,
    );
  }
  return { targets: containers.map(containerTarget), names };
}

function ofGroup(group: string, names: readonly string[]): Removal {
  if (names.length === 0) throw new CliError(`name the limits to take away: ctr limit unset --group ${group} memory`);
  const foreign = names.find(isOtherName);
  if (foreign !== undefined) throw new CliError(`a group has no ${foreign}: it belongs to each of its containers`);
  return { targets: [groupTarget(group)], names };
}

const plain = (name: string): string => name.replace(/^--?/, "");

/** Limits beside those of groups; one `--ulimit` is named by what it limits. */
const isOtherName = (name: string): boolean => {
  const other = plain(name);
  return ["ulimit", "shm-size", "net-rate"].includes(other) || isProcessLimitName(other);
};

function isLimitName(name: string): boolean {
  if (isOtherName(name)) return true;
  try {
    return limitNamed(name) !== undefined;
  } catch {
    return false;
  }
}

/** @throws `invalid` with the names that there are */
const wireNameOfGroup = (name: string): string => limitNamed(name).flag.slice(2);

/** @throws `invalid` with the names that there are */
function wireNameOfContainer(name: string): string {
  if (isOtherName(name)) return plain(name);
  try {
    return wireNameOfGroup(name);
  } catch (error) {
    if (!(error instanceof CtrError)) throw error;
    const hint = `${error.hint}, shm-size, net-rate, ulimit, or one ulimit by its name, such as nofile`;
    throw new CtrError(error.kind, error.message, { code: error.code, hint, cause: error });
  }
}
