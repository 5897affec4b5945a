/** Removing a directory of which somebody else removes files at the same time. */
import { existsSync, rmSync } from "node:fs";

/**
 * Removes a file or a directory with all that is in it; nothing there is fine. Node's own `rmSync` stops without an error
 * where a file goes away under its hands, and leaves the rest: so does conmon with its sockets, as it ends.
 * @throws what the kernel refuses
 */
export function removeTree(path: string): void {
  do rmSync(path, { recursive: true, force: true });
  while (existsSync(path));
}
