import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of the files below a directory; one with several names counts once. */
export async function sizeOfTree(directory: string): Promise<number> {
  let size = 0;
  const seen = new Set<number>();
  for await (const entry of await opendir(directory, { recursive: true })) {
    if (!entry.isFile()) continue;
    // A running container may remove what was just listed.
    const stat = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
    if (stat === undefined || (stat.nlink > 1 && seen.has(stat.ino))) continue;
    seen.add(stat.ino);
    size += stat.size;
  }
  return size;
}
