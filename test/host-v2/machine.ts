/** A virtual machine in software emulation: stock kernels do not boot under every host's KVM, and few CI machines have it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { runCommand } from "../../lib/command.ts";
import type { Kernel } from "./kernel.ts";

export interface MachineOptions {
  readonly kernel: Kernel;
  readonly initramfs: string;
  /** Folder that the machine sees at /run/host-v2 and writes into. */
  readonly results: string;
  /** Image of a disk with an ext4 file system, which the machine mounts at /disk. */
  readonly disk: string;
  /** File for what the machine writes on its serial console, and QEMU itself. */
  readonly console: string;
  /** Seconds after which the machine is turned off. */
  readonly timeout: number;
}

const QEMU = "qemu-system-x86_64";

/** MiB. Taken from the host as the machine touches it. */
const MEMORY = 3072;

/**
 * Of the kernel. In emulation guards against speculation only cost time, and so does a clock that is a device: the kernel
 * distrusts the processor's counter there, though it is the host's own.
 */
const KERNEL_PARAMETERS = "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable";

/** @throws when QEMU cannot be started */
export async function checkQemu(): Promise<void> {
  await runCommand([QEMU, "--version"]);
}

/**
 * Boots the machine and waits until it turns itself off.
 * @returns seconds of CPU time that it had got when its time was over; undefined when it ended before
 * @throws when QEMU cannot be started
 */
export async function runMachine(options: MachineOptions): Promise<number | undefined> {
  const { kernel, initramfs, results, disk, timeout } = options;
  const share = (path: string, tag: string, flags = ""): string[] => [
    "-virtfs",
    `local,path=${path},mount_tag=${tag},security_model=none,multidevs=remap${flags}`,
  ];
  const argv = [
    ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", String(MEMORY)],
    ...["-nodefaults", "-nographic", "-serial", "stdio", "-no-reboot"],
    ...["-kernel", kernel.image, "-initrd", initramfs, "-append", KERNEL_PARAMETERS],
    // What is on it is gone with the machine: nothing needs to be flushed.
    ...["-drive", `file=${disk},if=virtio,format=raw,cache=unsafe`],
    ...share("/", "host", ",readonly=on"),
    ...share(results, "results"),
  ];
  const log = openSync(options.console, "w");
  const machine = spawn(QEMU, argv, { stdio: ["ignore", log, log] });
  closeSync(log);
  let cpuSeconds: number | undefined;
  const timer = setTimeout(() => {
    cpuSeconds = cpuSecondsOf(machine.pid ?? 0);
    machine.kill("SIGKILL");
  }, timeout * 1000);
  try {
    await once(machine, "exit");
    return cpuSeconds;
  } finally {
    clearTimeout(timer);
  }
}

/** Counted by the kernel in hundredths; after the name, which may have spaces, the 12th and 13th field. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
