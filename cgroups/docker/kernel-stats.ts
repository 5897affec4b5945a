/** Counters with the kernel's own keys, for what Docker's API passes through of them. */
import { hasCode, notFound } from "../../lib/errors.ts";
import type { HeldFiles } from "../held-files.ts";
import type { HeldFile } from "../held-group.ts";
import { counter, counters } from "../keyed.ts";
import type { GroupTree } from "../tree.ts";

/** An entry of Docker's `blkio_stats`. */
export interface BlockIoEntry {
  readonly major: number;
  readonly minor: number;
  /** `Read`, `Write`, `Sync` … of v1; `read` and `write` of v2. */
  readonly op: string;
  readonly value: number;
}

export interface KernelStats {
  /** memory.stat. */
  readonly memory: Readonly<Record<string, number>>;
  /** Times that the memory limit was hit (v1 memory.failcnt), or ran out (v2 memory.events `oom`). */
  readonly memoryFailures: number;
  readonly ioBytes: readonly BlockIoEntry[];
  /** v1 alone. */
  readonly ioOperations: readonly BlockIoEntry[];
  /** Nanoseconds a CPU; v1 alone. */
  readonly cpuUsagePerCpu: readonly number[];
}

/** @throws `notFound` when the group is gone */
export function readKernelStats(tree: GroupTree, id: string, held: HeldFiles): KernelStats {
  const isV2 = tree.host.controllers.get("memory")?.version === 2;
  const memory = readMemoryStat(tree, id, held);
  const group = held.of(id);
  const text = (file: HeldFile): string => group.readOptional(file) ?? "";
  return {
    memory,
    memoryFailures: isV2 ? counter(text("memory/memory.events"), "oom") : Number(text("memory/memory.failcnt")),
    ...(tree.host.controllers.get("io")?.version === 2
      ? { ioBytes: v2Entries(text("io/io.stat")), ioOperations: [] }
      : {
          ioBytes: v1Entries(text("io/blkio.throttle.io_service_bytes_recursive")),
          ioOperations: v1Entries(text("io/blkio.throttle.io_serviced_recursive")),
        }),
    cpuUsagePerCpu: text("cpuacct/cpuacct.usage_percpu").split(" ").filter(Boolean).map(Number),
  };
}

/** All of memory.stat. @throws `notFound` when the group is gone */
export function readMemoryStat(tree: GroupTree, id: string, held: HeldFiles): Record<string, number> {
  if (!tree.host.controllers.has("memory")) return {};
  try {
    return counters(held.of(id).read("memory/memory.stat"));
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENODEV")) throw error;
    held.release(id);
    throw notFound(`no such cgroup: ${tree.pathOf(id)}`, "CTR_CGROUP_NOT_FOUND");
  }
}

/** `8:0 Read 4096`, a line a device and operation; the sum of all, `Total 4096`, has no device. For tests. */
export function v1Entries(text: string): BlockIoEntry[] {
  return [...text.matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(([, major, minor, op = "", value]) => ({
    ...{ major: Number(major), minor: Number(minor), op, value: Number(value) },
  }));
}

/** `8:0 rbytes=1 wbytes=2 rios=3 …`: Docker makes two entries of each. For tests. */
export function v2Entries(text: string): BlockIoEntry[] {
  return [...text.matchAll(/^(\d+):(\d+) rbytes=(\d+) wbytes=(\d+)/gm)].flatMap(([, major, minor, read, written]) => {
    const device = { major: Number(major), minor: Number(minor) };
    return [
      { ...device, op: "read", value: Number(read) },
      { ...device, op: "write", value: Number(written) },
    ];
  });
}
