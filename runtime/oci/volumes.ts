/** Volumes without a name: directories of the container's own that begin with what the image has at their place. */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../lib/command.ts";
import { invalid } from "../../lib/errors.ts";
import type { VolumeMount } from "./mounts.ts";
import { openInRoot } from "./root-files.ts";
import type { AnonymousVolume } from "./user-mounts.ts";

/**
 * Makes the directories of volumes, `<directory>/<hash of the destination>`. Those that are there stay as they are, so that
 * a container finds its data when it starts again. A crash leaves no volume with half of its content.
 * @param rootfs the mounted root of the container, which does not run
 * @throws `invalid` with Docker's text where the image has a file
 */
export async function prepareVolumes(
  volumes: readonly AnonymousVolume[],
  rootfs: string,
  directory: string,
): Promise<VolumeMount[]> {
  const mounts: VolumeMount[] = [];
  for (const { destination, readOnly } of volumes) {
    const source = join(directory, createHash("sha256").update(destination).digest("hex"));
    if (!existsSync(source)) await makeVolume(source, rootfs, destination);
    mounts.push({ source, destination, readOnly });
  }
  return mounts;
}

async function makeVolume(path: string, rootfs: string, destination: string): Promise<void> {
  const partial = `${path}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true, mode: 0o755 });
  const content = openInRoot(rootfs, destination);
  try {
    if (content !== undefined) await copyContent(content, partial, join(rootfs, destination));
  } finally {
    if (content !== undefined) closeSync(content);
  }
  renameSync(partial, path);
}

/** With owners, modes, times, links and extended attributes, those of the directory itself too. */
async function copyContent(directory: number, target: string, name: string): Promise<void> {
  if (!fstatSync(directory).isDirectory()) {
    throw invalid(`cannot mount volume over existing file, file exists ${name}`, "CTR_VOLUME_OVER_FILE");
  }
  await runCommand(["cp", "-a", `/proc/${process.pid}/fd/${directory}/.`, target]);
}
