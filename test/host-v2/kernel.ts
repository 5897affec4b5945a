/** Debian's own kernel, unpacked into the tests' cache and never installed. */
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { runCommand } from "../../lib/command.ts";
import { hasCode } from "../../lib/errors.ts";

export interface Kernel {
  /** `6.1.0-18-amd64` */
  readonly version: string;
  /** File to boot. */
  readonly image: string;
  /** `<directory>/lib/modules/<version>` holds the modules. */
  readonly directory: string;
}

/** Depends on the newest kernel. The "cloud" kernel beside it lacks 9p. */
const META_PACKAGE = "linux-image-amd64";

/** Three quarters of the package are drivers of hardware that the machine does not have. */
const LEFT_OUT = ["kernel/sound", "kernel/drivers/gpu", "kernel/drivers/media", "kernel/drivers/net/ethernet"]
  .concat(["kernel/drivers/net/wireless", "kernel/drivers/infiniband", "kernel/drivers/scsi", "kernel/drivers/usb"])
  .map((directory) => `--exclude=./lib/modules/*/${directory}`);

/**
 * The kernel from the cache; downloaded when it is not there, in about 15 s.
 * @throws when the distribution has no such package, or it cannot be downloaded
 */
export async function fetchKernel(): Promise<Kernel> {
  const name = await newestPackage();
  const directory = join(tmpdir(), "ctr-test-cache", name);
  if (!existsSync(directory)) await unpack(name, directory);
  const [image = ""] = globSync(join(directory, "boot/vmlinuz-*"));
  return { version: basename(image).replace("vmlinuz-", ""), image, directory };
}

/** `linux-image-6.1.0-18-amd64` */
async function newestPackage(): Promise<string> {
  const dependency = async (): Promise<string | undefined> => {
    const { stdout } = await runCommand(["apt-cache", "depends", META_PACKAGE], { expect: [0, 100] });
    return /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  };
  const known = await dependency();
  if (known !== undefined) return known;
  await runCommand(["apt-get", "update"], { timeout: 120_000 });
  const found = await dependency();
  if (found === undefined)
    throw new Error(`the package ${META_PACKAGE} is not known to apt: this needs Debian on amd64`);
  return found;
}

/** Made beside and moved into place: another run may do the same at the same time. */
async function unpack(name: string, directory: string): Promise<void> {
  mkdirSync(join(directory, ".."), { recursive: true });
  const work = mkdtempSync(`${directory}.`);
  try {
    const tree = join(work, "tree");
    mkdirSync(tree);
    await download(name, work);
    const script = 'dpkg-deb --fsys-tarfile ./*.deb | tar -x -C tree "$@" ./boot ./lib/modules';
    await runCommand(["sh", "-c", script, "sh", ...LEFT_OUT], { cwd: work });
    const [modules = ""] = globSync(join(tree, "lib/modules/*"));
    await runCommand(["depmod", "-b", tree, basename(modules)]);
    renameSync(tree, directory);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY", "EEXIST")) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The machine's lists of packages may be older than the archive. */
async function download(name: string, cwd: string): Promise<void> {
  // Without its own user apt can write into a directory of root's.
  const argv = ["apt-get", "download", "-o", "APT::Sandbox::User=root", name];
  await runCommand(argv, { cwd, timeout: 120_000 }).catch(async () => {
    await runCommand(["apt-get", "update"], { timeout: 120_000 });
    await runCommand(argv, { cwd, timeout: 120_000 });
  });
}
