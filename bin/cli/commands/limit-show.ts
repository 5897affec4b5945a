import { shortId } from "../../../lib/ids.ts";
import { text, toggle } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import type { ContainerLimits } from "../client/types.ts";
import { defineCommand } from "../command.ts";
import { EngineError } from "../errors.ts";
import {
  askedReadings,
  cgroupDirectories,
  LIMIT_COLUMNS,
  LIMIT_HEADINGS,
  limitNotes,
  limitRow,
  otherRow,
  type ShownReading,
} from "../format/limits.ts";
import { renderRows } from "../format/rows.ts";
import { compileTemplate } from "../format/template/evaluate.ts";

/** A container, or a group of containers. */
interface Shown {
  readonly name: string;
  /** What stands above the table. */
  readonly title: string;
  readonly limits: readonly ShownReading[];
  readonly others: ContainerLimits["Others"];
}

export const command = defineCommand({
  summary: "Show the limits of containers and groups: asked, in force, whose, used, and the file that says so",
  usage: "[OPTIONS] CONTAINER|GROUP [CONTAINER|GROUP...]",
  operands: [1, Number.POSITIVE_INFINITY],
  options: {
    format: text({ help: "table, json (a line a limit), or a Go template: '{{.limit}} {{.enforced}}'" }),
    group: toggle({ help: "The names are those of groups, whatever containers there are" }),
  },
  examples: [
    "ctr limit show web",
    "ctr limit show --format json web",
    "ctr limit show shop   # a group, or ctr for all containers together",
  ],
  async run({ values, operands }, { client }) {
    const find = values.group ? findGroup : findShown;
    const all = await Promise.all(operands.map((name) => find(client, name)));
    for (const [index, shown] of all.entries()) {
      process.stdout.write(`${index > 0 && values.format === undefined ? "\n" : ""}${render(shown, values.format)}`);
    }
  },
});

async function findShown(client: Client, name: string): Promise<Shown> {
  try {
    return await findContainer(client, name);
  } catch (error) {
    if (!isUnknown(error)) throw error;
    return await findGroup(client, name).catch((another: unknown) => {
      throw isUnknown(another) ? error : another;
    });
  }
}

const isUnknown = (error: unknown): boolean => error instanceof EngineError && error.status === 404;

async function findContainer(client: Client, name: string): Promise<Shown> {
  const found = await client.get<ContainerLimits>(`/ctr/containers/${encodeURIComponent(name)}/limits`);
  const runs = found.Status === "running" || found.Status === "paused";
  const isGone = runs && found.Limits.length === 0;
  const driver = isGone ? "its cgroup is gone, and does not limit it: ctr restart makes it again" : found.Driver;
  const state = runs ? driver : `${found.Status}: what it will have when it is started`;
  const title = `${found.Name} (${shortId(found.Id)}), ${state}`;
  return { name: found.Name, title, limits: runs ? found.Limits : askedReadings(found.Asked), others: found.Others };
}

interface GroupLimits {
  readonly Name: string;
  readonly Path: string;
  readonly Containers: readonly string[];
  readonly Limits: readonly ShownReading[];
}

async function findGroup(client: Client, name: string): Promise<Shown> {
  const found = await client.get<GroupLimits>(`/ctr/limit-groups/${encodeURIComponent(name)}`);
  // A score belongs to processes; the one that was read is that of some container in it.
  const limits = found.Limits.filter(({ limit }) => limit !== "oomScoreAdj");
  const count = `${found.Containers.length} container${found.Containers.length === 1 ? "" : "s"}`;
  return { name: found.Name, title: `group ${found.Name} (${found.Path}), ${count}`, limits, others: [] };
}

function render({ name, title, limits, others }: Shown, format: string | undefined): string {
  if (format !== undefined && format !== "table") return renderReadings(name, [...limits, ...others], format);
  const rows = [...limits.map(limitRow), ...others.map(otherRow)];
  const table = renderRows(rows, { format, columns: LIMIT_COLUMNS, headings: LIMIT_HEADINGS });
  const directories = cgroupDirectories(limits).map((directory) => `files in ${directory}\n`);
  const notes = limitNotes(name, limits).map((note) => `${note}\n`);
  return `${title}\n${table}${directories.join("")}${notes.join("")}`;
}

type Reading = ShownReading | ContainerLimits["Others"][number];

/** Programs get the readings themselves: numbers in the unit of the limit. */
function renderReadings(name: string, readings: readonly Reading[], format: string): string {
  const show = format === "json" ? JSON.stringify : compileTemplate(format);
  return readings.map((reading) => `${show({ container: name, ...ABSENT, ...reading })}\n`).join("");
}

/** Every line has every field. */
const ABSENT = {
  limit: "",
  asked: null,
  enforced: null,
  origin: null,
  boundBy: null,
  usage: null,
  peak: null,
  file: null,
  value: null,
};
