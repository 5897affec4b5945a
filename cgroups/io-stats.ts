/** Block I/O of a group, all devices together. */
import type { HeldGroup } from "./held-group.ts";
import type { CgroupHost } from "./host.ts";
import type { Kept } from "./rest.ts";
import type { GroupStats, IoCounters } from "./types.ts";

/** Empty where the host does not count it. */
export function readIo(host: CgroupHost, group: HeldGroup, kept: Kept): Pick<GroupStats, "io"> {
  if (host.controllers.get("io")?.version === 2) {
    const text = group.readOptional("io/io.stat");
    return text === undefined ? {} : { io: v2Counters(text) };
  }
  kept.io ??= readV1(group);
  return kept.io;
}

/** What the kernel writes later on behalf of a group is not counted in v1. */
function readV1(group: HeldGroup): Pick<GroupStats, "io"> {
  const bytes = group.readOptional("io/blkio.throttle.io_service_bytes_recursive");
  const operations = group.readOptional("io/blkio.throttle.io_serviced_recursive");
  if (bytes === undefined || operations === undefined) return {};
  return {
    io: {
      readBytes: v1Sum(bytes, "Read"),
      writeBytes: v1Sum(bytes, "Write"),
      reads: v1Sum(operations, "Read"),
      writes: v1Sum(operations, "Write"),
    },
  };
}

/** `8:0 Read 4096`, a line a device and operation. */
function v1Sum(text: string, operation: string): number {
  let sum = 0;
  for (let at = text.indexOf(` ${operation} `); at >= 0; at = text.indexOf(` ${operation} `, at + 1)) {
    sum += Number.parseInt(text.slice(at + operation.length + 2), 10);
  }
  return sum;
}

/** `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`. */
function v2Counters(text: string): IoCounters {
  const sum = (key: string): number =>
    [...text.matchAll(new RegExp(` ${key}=(\\d+)`, "g"))].reduce((total, [, value]) => total + Number(value), 0);
  return { readBytes: sum("rbytes"), writeBytes: sum("wbytes"), reads: sum("rios"), writes: sum("wios") };
}
