/** The machine's first file system: busybox, kernel modules, and init.sh. */
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { runCommand } from "../../lib/command.ts";
import type { Kernel } from "./kernel.ts";

const MODULES = [
  // PCI devices of the virtual machine, the shared folders on them, and the writable layer above a read-only one.
  ...["virtio_pci", "9pnet_virtio", "9p", "overlay"],
  // What limits of block I/O and of swap act on.
  ...["virtio_blk", "ext4", "zram"],
  // What the engine's networks need. The kernel would load it when asked to, each by a modprobe of a second or more.
  ...["bridge", "br_netfilter", "veth", "nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_ct", "nft_fib_inet"],
];

/**
 * @param work a directory for the parts
 * @returns path of the archive
 */
export async function makeInitramfs(kernel: Kernel, work: string): Promise<string> {
  const tree = join(work, "initramfs");
  mkdirSync(join(tree, "bin"), { recursive: true });
  mkdirSync(join(tree, "modules"));
  copyFileSync("/bin/busybox", join(tree, "bin/busybox"));
  copyFileSync(join(import.meta.dirname, "init.sh"), join(tree, "init"));
  await runCommand(["chmod", "755", join(tree, "init")]);
  const modules = await withDependencies(kernel);
  // Their order in the directory is the order of loading.
  for (const [index, path] of modules.entries()) {
    copyFileSync(path, join(tree, "modules", `${String(index).padStart(2, "0")}-${basename(path)}`));
  }
  const archive = join(work, "initramfs.cpio");
  await runCommand(["sh", "-c", 'find . | cpio --quiet -o -H newc >"$0"', archive], { cwd: tree });
  return archive;
}

/** Files of the modules and of what each needs, those first that others need. */
async function withDependencies({ directory, version }: Kernel): Promise<string[]> {
  const files = new Set<string>();
  for (const name of MODULES) {
    const argv = ["modprobe", "-d", directory, "-S", version, "--show-depends", name];
    const { stdout } = await runCommand(argv);
    for (const [, file = ""] of stdout.matchAll(/^insmod (\S+)/gm)) files.add(file);
  }
  return [...files];
}
