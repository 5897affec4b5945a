/** Pressure Stall Information: the time that tasks lost waiting for a resource. See accounting/psi of the kernel. */
import { notFound } from "../lib/errors.ts";
import { readOptional } from "./group-files.ts";
import type { HeldFiles } from "./held-files.ts";
import type { CgroupHost } from "./host.ts";
import type { GroupTree } from "./tree.ts";
import type { GroupPressure, Pressure, PressureResource, Stall } from "./types.ts";

export const PRESSURE_RESOURCES: readonly PressureResource[] = ["cpu", "memory", "io"];

const LINE = /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/gm;
const NONE: Stall = { avg10: 0, avg60: 0, avg300: 0, total: 0 };

/** Content of a pressure file; undefined when it is none. A kernel before 5.13 has no `full` for the CPU. */
export function parsePressure(text: string): Pressure | undefined {
  let some: Stall | undefined;
  let full = NONE;
  for (const [, kind, avg10, avg60, avg300, total] of text.matchAll(LINE)) {
    const stall = { avg10: Number(avg10), avg60: Number(avg60), avg300: Number(avg300), total: Number(total) };
    if (kind === "some") some = stall;
    else full = stall;
  }
  return some === undefined ? undefined : { some, full };
}

/** Of a group, through its v2 directory, which hybrid hosts have as well. @throws `notFound` */
export function readPressure(tree: GroupTree, id: string, held: HeldFiles): GroupPressure {
  const directory = tree.unifiedDirectory(id);
  if (directory === undefined) return {};
  const pressure = collect((resource) => held.readOptional(id, `${directory}/${resource}.pressure`));
  if (Object.keys(pressure).length > 0 || tree.host.files.exists(directory)) return pressure;
  held.release(id);
  throw notFound(`no such cgroup: ${tree.pathOf(id)}`, "CTR_CGROUP_NOT_FOUND");
}

/** Of the whole machine. */
export const hostPressure = ({ files, procDirectory }: CgroupHost): GroupPressure =>
  collect((resource) => readOptional(files, `${procDirectory}/pressure/${resource}`));

function collect(read: (resource: PressureResource) => string | undefined): GroupPressure {
  const pressure: Partial<Record<PressureResource, Pressure>> = {};
  for (const resource of PRESSURE_RESOURCES) {
    const parsed = parsePressure(read(resource) ?? "");
    if (parsed !== undefined) pressure[resource] = parsed;
  }
  return pressure;
}
