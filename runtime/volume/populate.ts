/** What a new volume begins with: the files that the image has at its place. */
import { closeSync, fstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../lib/command.ts";
import { invalid } from "../../lib/errors.ts";
import { openInRoot } from "../oci/index.ts";

/** True when there is nothing in the directory that an image's files could get in the way of. */
export const isEmptyVolume = (directory: string): boolean => readdirSync(directory).length === 0;

/**
 * Fills an empty directory, whole or not at all, with owners, modes, times, links and extended attributes, those of the
 * directory itself too.
 * @param rootfs the mounted root of the container, which does not run
 * @param destination where the volume will be
 * @throws `invalid` with Docker's text where the image has a file
 */
export async function populateVolume(directory: string, rootfs: string, destination: string): Promise<void> {
  const content = openInRoot(rootfs, destination);
  if (content === undefined) return;
  const partial = `${directory}.partial`;
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
    renameSync(partial, directory);
  } finally {
    closeSync(content);
    rmSync(partial, { recursive: true, force: true });
  }
}
