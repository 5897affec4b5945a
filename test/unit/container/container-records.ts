/** Containers in records of their own, for tests of what concerns several of them. */
import { Store } from "../../../lib/store.ts";
import { NEVER } from "../../../runtime/container/describe.ts";
import { ContainerRecords, containerMigrations } from "../../../runtime/container/records.ts";
import type { Container } from "../../../runtime/types.ts";

/** An id that begins with these hexadecimal digits. */
export const idOf = (digits: string): string => digits.padEnd(64, "0");

export function containerOf(name: string, digits: string, change: Partial<Container> = {}): Container {
  return {
    ...{ id: idOf(digits), name, imageId: "sha256:0", imageName: "busybox", config: {}, hostConfig: {}, path: "sh" },
    ...{ args: [], created: NEVER, status: "running", pid: 0, exitCode: 0, error: "", oomKilled: false },
    ...{ restartCount: 0, startedAt: NEVER, finishedAt: NEVER, ports: [], logPath: "" },
    ...change,
  };
}

export function recordsOf(...containers: readonly Container[]): ContainerRecords {
  const records = new ContainerRecords(new Store(":memory:", [containerMigrations]));
  for (const container of containers) records.insert({ container, stoppedByUser: false, restartDelay: 0 }, () => {});
  return records;
}
