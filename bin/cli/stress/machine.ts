/** What the engine's machine has. */
import type { Client } from "../client/client.ts";
import type { LoadContainer } from "./load-container.ts";
import type { LoadSession } from "./session.ts";

export async function hostCpus({ client }: LoadSession): Promise<number> {
  return (await client.get<{ readonly NCPU: number }>("/info")).NCPU;
}

/** The numbers in a list such as `0-2,4`. */
export function cpusOf(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Bytes. Of the whole machine, though a container tells it. */
export interface HostMemory {
  readonly available: number;
  readonly swapTotal: number;
  readonly swapFree: number;
}

export async function hostMemory(container: LoadContainer): Promise<HostMemory> {
  const { output } = await container.exec(["cat", "/proc/meminfo"]);
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(output)?.[1] ?? 0) * 1024;
  return { available: field("MemAvailable"), swapTotal: field("SwapTotal"), swapFree: field("SwapFree") };
}

interface DeviceCount {
  readonly major: number;
  readonly minor: number;
  /** `Read` or `read`, as the version of cgroups has it. */
  readonly op: string;
  readonly value: number;
}

/** Of Docker's statistics. */
interface BlockIoStats {
  readonly blkio_stats: {
    readonly io_service_bytes_recursive: readonly DeviceCount[] | null;
  };
}

export const blockIoOf = (client: Client, id: string): Promise<BlockIoStats> =>
  client.get<BlockIoStats>(`/containers/${id}/stats`, { stream: 0, "one-shot": 1 });

/** Written directly, they cannot stay in memory. */
const WRITE = "dd if=/dev/zero of=/tmp/device bs=64k count=4 oflag=direct 2>/dev/null";

/**
 * The disk that the files of containers are on, as `major:minor`: a container writes, and its counters tell where to.
 * @returns undefined when it is no disk
 */
export async function fileDevice(session: LoadSession): Promise<string | undefined> {
  await using container = await session.start({}, { purpose: "device" });
  await container.exec(["sh", "-c", WRITE]);
  const { blkio_stats: stats } = await blockIoOf(session.client, container.id);
  const written = stats.io_service_bytes_recursive?.find(({ op, value }) => op.toLowerCase() === "write" && value > 0);
  return written === undefined ? undefined : `${written.major}:${written.minor}`;
}
