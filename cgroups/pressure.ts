/** Pressure Stall Information: the time that tasks lost waiting for a resource. See accounting/psi of the kernel. */
import { notFound } from "../lib/errors.ts";
import { readOptional } from "./group-files.ts";
import type { HeldFiles } from "./held-files.ts";
import type { CgroupHost } from "./host.ts";
import type { GroupTree } from "./tree.ts";
import type { GroupPressure, Pressure, PressureResource, Stall } from "./types.ts";

export const PRESSURE_RESOURCES: readonly PressureResource[] = ["cpu", "memory", "io"];

const FILES = { cpu: "unified/cpu.pressure", memory: "unified/memory.pressure", io: "unified/io.pressure" } as const;

const NONE: Stall = { avg10: 0, avg60: 0, avg300: 0, total: 0 };

/** Content of a pressure file; undefined when it is none. A kernel before 5.13 has no `full` for the CPU. */
export function parsePressure(text: string): Pressure | undefined {
  const some = stallIn(text, "some ");
  return some === undefined ? undefined : { some, full: stallIn(text, "full ") ?? NONE };
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`. Read often, thus without a pattern. */
function stallIn(text: string, kind: string): Stall | undefined {
  const line = text.startsWith(kind) ? 0 : text.indexOf(`\n${kind}`);
  if (line < 0) return undefined;
  let at = line;
  const next = (): number => {
    at = text.indexOf("=", at) + 1;
    return Number.parseFloat(text.slice(at, at + 20));
  };
  return { avg10: next(), avg60: next(), avg300: next(), total: next() };
}

/** Of a group, through its v2 directory, which hybrid hosts have as well. @throws `notFound` */
export function readPressure(tree: GroupTree, id: string, held: HeldFiles): GroupPressure {
  if (tree.host.unified === undefined) return {};
  const group = held.of(id);
  const pressure = collect((resource) => group.readOptional(FILES[resource]));
  if (Object.keys(pressure).length > 0 || tree.host.files.exists(tree.directoryOf(tree.host.unified, id)))
    return pressure;
  held.release(id);
  throw notFound(`no such cgroup: ${tree.pathOf(id)}`, "CTR_CGROUP_NOT_FOUND");
}

/** Microseconds since the group was made that some task waited; what the kernel does not measure is absent. */
export type WaitedTime = Readonly<Partial<Record<PressureResource, number>>>;

/** What {@link readPressure} tells, without all that is not this. Of a group that is gone: nothing. */
export function readWaited(tree: GroupTree, id: string, held: HeldFiles): WaitedTime {
  if (tree.host.unified === undefined) return {};
  const waited: Partial<Record<PressureResource, number>> = {};
  const group = held.of(id);
  for (const resource of PRESSURE_RESOURCES) {
    const text = group.readOptional(FILES[resource]) ?? "";
    // The line of `some` is the first.
    const at = text.indexOf(TOTAL);
    if (at > 0) waited[resource] = Number.parseInt(text.slice(at + TOTAL.length, at + 26), 10);
  }
  return waited;
}

const TOTAL = " total=";

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
