/** Weights of block I/O act only where the disk's scheduler keeps them. */
import { readOptional } from "./group-files.ts";
import type { CgroupHost } from "./host.ts";

/** True when some disk has the scheduler bfq, or io.cost is switched on (v2). */
export function weighsDisks(host: CgroupHost): boolean {
  const { files, procDirectory } = host;
  const io = host.controllers.get("io");
  const costs = io?.version === 2 ? readOptional(files, `${io.directory}/io.cost.qos`) : undefined;
  if (costs?.includes("enable=1")) return true;
  const partitions = readOptional(files, `${procDirectory}/partitions`) ?? "";
  return partitions
    .split("\n")
    .map((line) => line.trim().split(/\s+/)[3])
    .some((name) => name !== undefined && schedulerOf(host, name) === "bfq");
}

/** The scheduler of a disk by its name; undefined for what is no disk. */
export function schedulerOf({ files }: CgroupHost, disk: string): string | undefined {
  const text = readOptional(files, `/sys/block/${disk}/queue/scheduler`);
  return text === undefined ? undefined : (/\[(.+?)\]/.exec(text)?.[1] ?? "none");
}
