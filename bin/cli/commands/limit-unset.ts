import { limitNamed } from "../../../cgroups/index.ts";
import type { UpdateRequest } from "../../../runtime/index.ts";
import { text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { applyChanges, containerTarget, groupTarget } from "../container/limit-changes.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "Take limits away while a container runs",
  usage: "[OPTIONS] CONTAINER|--group GROUP LIMIT [LIMIT...]",
  operands: [1, Number.POSITIVE_INFINITY],
  options: {
    group: text({ help: 'The group of containers, instead of a container; "ctr" is over all of them' }),
    verbose: toggle({ help: "Show the files that were written" }),
    format: text({ help: "table, json (a line a limit), or a Go template: '{{.Limit}} {{.After}}'" }),
  },
  examples: [
    "ctr limit unset web memory pids-limit",
    "ctr limit unset web net-rate",
    "ctr limit unset --group shop cpus",
  ],
  async run({ values, operands }, { client }) {
    const { group } = values;
    const [name = "", ...names] = group === undefined ? operands : [group, ...operands];
    if (names.length === 0) throw new CliError(`name the limits to take away: ctr limit unset ${name} memory`);
    const target = group === undefined ? containerTarget(name) : groupTarget(name);
    await applyChanges(client, [target], removal(names), values);
  },
});

/** @throws `invalid` with the names that there are */
function removal(names: readonly string[]): UpdateRequest {
  const plain = names.map((name) => name.replace(/^--?/, ""));
  const limits = plain.filter((name) => name !== "net-rate");
  return {
    ...(limits.length === plain.length ? {} : { NetworkRate: { Egress: 0, Ingress: 0 } }),
    Unset: limits.map((name) => limitNamed(name).flag.slice(2)),
  };
}
