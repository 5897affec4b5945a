/** What a new volume begins with: the files that the image has at its place. */
import { closeSync, existsSync, fstatSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../lib/command.ts";
import { invalid } from "../../lib/errors.ts";
import { openInRoot } from "../oci/index.ts";

/** True when there is nothing in the directory that an image's files could get in the way of. */
export const isEmptyVolume = (directory: string): boolean => readdirSync(directory).length === 0;

/** Beside the directory: what is being copied, and what is whole and on its way into it. */
const partialOf = (directory: string): string => `${directory}.partial`;
const readyOf = (directory: string): string => `${directory}.ready`;

/**
 * Fills an empty directory with owners, modes, links and extended attributes, those of the directory itself too. It stays
 * the directory that it is, because containers may have it mounted. After a crash {@link finishPopulating} makes it whole.
 * @param rootfs the mounted root of the container, which does not run
 * @param destination where the volume will be
 * @throws `invalid` with Docker's text where the image has a file
 */
export async function populateVolume(directory: string, rootfs: string, destination: string): Promise<void> {
  const content = openInRoot(rootfs, destination);
  if (content === undefined) return;
  const partial = partialOf(directory);
  try {
    if (!fstatSync(content).isDirectory()) {
      throw invalid(
        `cannot mount volume over existing file, file exists ${join(rootfs, destination)}`,
        "CTR_VOLUME_OVER_FILE",
      );
    }
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { mode: 0o755 });
    await runCommand(["cp", "-a", `/proc/${process.pid}/fd/${content}/.`, partial]);
    // A container that runs may have written meanwhile.
    if (isEmptyVolume(directory)) renameSync(partial, readyOf(directory));
    await finishPopulating(directory);
  } finally {
    closeSync(content);
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Brings into a directory what is ready for it, and removes what a crash left half copied. */
export async function finishPopulating(directory: string): Promise<void> {
  rmSync(partialOf(directory), { recursive: true, force: true });
  const ready = readyOf(directory);
  if (!existsSync(ready)) return;
  for (const name of readdirSync(ready)) {
    const isThere = lstatSync(join(directory, name), { throwIfNoEntry: false }) !== undefined;
    if (isThere) rmSync(join(ready, name), { recursive: true });
    else renameSync(join(ready, name), join(directory, name));
  }
  // Of the emptied directory this copies owner, mode and extended attributes.
  await runCommand(["cp", "-a", "-T", ready, directory]);
  rmSync(ready, { recursive: true });
}
