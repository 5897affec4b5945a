/** Kernels are built with and without parts of a controller. Which, is told by files that exist or not. */
import type { KernelFiles } from "./files.ts";
import type { Hierarchy } from "./host.ts";

/** v1: a file of groups, and the file of the root that exists with it. */
const V1_WITNESSES: readonly (readonly [controller: string, file: string, witness: string])[] = [
  ["memory", "memory.swappiness", "memory.swappiness"],
  ["memory", "memory.oom_control", "memory.oom_control"],
  ["cpu", "cpu.rt_runtime_us", "cpu.rt_runtime_us"],
  ["cpu", "cpu.rt_period_us", "cpu.rt_period_us"],
  ["io", "blkio.bfq.weight", "blkio.bfq.io_service_bytes"],
  ["io", "blkio.bfq.weight_device", "blkio.bfq.io_service_bytes"],
  // CFQ, up to Linux 4.20: the root has a weight for its leaves.
  ["io", "blkio.weight", "blkio.leaf_weight"],
  ["io", "blkio.weight_device", "blkio.leaf_weight"],
  ["io", "blkio.throttle.read_bps_device", "blkio.throttle.read_bps_device"],
  ["io", "blkio.throttle.write_bps_device", "blkio.throttle.write_bps_device"],
  ["io", "blkio.throttle.read_iops_device", "blkio.throttle.read_iops_device"],
  ["io", "blkio.throttle.write_iops_device", "blkio.throttle.write_iops_device"],
];

/** v2: these exist with a scheduler or a part of the kernel, and in groups only. */
const V2_FILES = ["io.bfq.weight", "io.weight", "io.max", "memory.high", "memory.oom.group"];

/** Files of limits that groups of this host do not have. One that is not seen anywhere is taken for present. */
export function missingFiles(controllers: ReadonlyMap<string, Hierarchy>, files: KernelFiles): ReadonlySet<string> {
  const missing = new Set<string>();
  for (const [controller, file, witness] of V1_WITNESSES) {
    const hierarchy = controllers.get(controller);
    if (hierarchy?.version === 1 && !files.exists(`${hierarchy.directory}/${witness}`)) missing.add(file);
  }
  for (const file of V2_FILES) {
    const controller = file.startsWith("io.") ? "io" : "memory";
    const hierarchy = controllers.get(controller);
    if (hierarchy?.version !== 2) continue;
    const group = files
      .directories(hierarchy.directory)
      .find((name) => hasController(files, `${hierarchy.directory}/${name}`, controller));
    // Without any group to look at: bfq is a module that few hosts have loaded, the others are usual.
    const exists =
      group === undefined ? file !== "io.bfq.weight" : files.exists(`${hierarchy.directory}/${group}/${file}`);
    if (!exists) missing.add(file);
  }
  return missing;
}

const hasController = (files: KernelFiles, group: string, controller: string): boolean =>
  files.exists(`${group}/${controller === "io" ? "io.stat" : "memory.current"}`);
