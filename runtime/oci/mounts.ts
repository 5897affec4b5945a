/** The mounts of a container, in the order in which they are made: Docker's defaults, then what users ask for. */
import { unsupported } from "../../lib/errors.ts";
import type { Container } from "../types.ts";
import type { OciHost } from "./host.ts";
import { INIT_PATH, initProgramOf, wantsInit } from "./process.ts";
import type { SecurityOptions } from "./security-options.ts";
import type { OciMount } from "./spec.ts";
import type { BindMount, UserMount } from "./user-mounts.ts";

/** A directory of the host that is a volume of the container. */
export interface VolumeMount {
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  /** `rprivate` when absent. */
  readonly propagation?: string;
}

export interface MountsInput {
  readonly container: Pick<Container, "hostConfig">;
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly resolvConfPath: string;
  readonly volumes: readonly VolumeMount[];
  readonly userMounts: readonly UserMount[];
  readonly security: SecurityOptions;
}

/** @throws `unsupported` when an init program is asked for and missing */
export function containerMounts(input: MountsInput, host: OciHost): OciMount[] {
  const { hostConfig } = input.container;
  const asked = askedMounts(input, host);
  const taken = new Set(asked.map(({ destination }) => destination));
  const defaults = defaultMounts(input).filter(
    ({ destination }) => !taken.has(destination) && !(taken.has("/dev") && destination.startsWith("/dev/")),
  );
  const init = wantsInit(hostConfig) ? [initMount(initProgramOf(host))] : [];
  return [...defaults, ...init, ...asked];
}

/** How far mounts reach out of the container: runc's own default unless a bind mount is shared with the host. */
export function rootPropagation(mounts: readonly UserMount[]): string | undefined {
  const asked = mounts.flatMap((mount) => (mount.type === "bind" ? [mount.propagation] : []));
  if (asked.some((propagation) => propagation.endsWith("shared"))) return "shared";
  return asked.some((propagation) => propagation.endsWith("slave")) ? "rslave" : undefined;
}

function defaultMounts({ container, security }: MountsInput): OciMount[] {
  const { Privileged = false, IpcMode, ShmSize } = container.hostConfig;
  const cgroupsWritable = security.writableCgroups ?? Privileged;
  return [
    mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
    mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
    mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
    mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", ...(Privileged ? [] : ["ro"])),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", ...(cgroupsWritable ? [] : ["ro"]), "nosuid", "noexec", "nodev"),
    mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
    ...sharedMemory(IpcMode ?? "private", ShmSize || DEFAULT_SHM_SIZE),
  ];
}

const DEFAULT_SHM_SIZE = 64 * 2 ** 20;

function sharedMemory(ipcMode: string, size: number): OciMount[] {
  if (ipcMode === "none") return [];
  if (ipcMode === "host") return [mount("/dev/shm", "bind", "/dev/shm", "rbind", "rprivate")];
  return [mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", `size=${size}`)];
}

/** Parents before children: a mount would hide what is mounted below it before. */
function askedMounts(input: MountsInput, host: OciHost): OciMount[] {
  const { userMounts, volumes } = input;
  const asked = userMounts.flatMap((wish): OciMount[] => {
    if (wish.type === "volume") return [];
    if (wish.type === "tmpfs") return [mount(wish.destination, "tmpfs", "tmpfs", ...wish.options)];
    return [bind(wish, host)];
  });
  const directories = volumes.map((volume) => bind({ propagation: "rprivate", ...volume }, host));
  const wished = [...asked, ...directories];
  const own = networkFiles(input, host).filter(
    ({ destination }) => !wished.some((wish) => wish.destination === destination),
  );
  return [...wished, ...own].sort((a, b) => depth(a) - depth(b));
}

function networkFiles(input: MountsInput, host: OciHost): OciMount[] {
  const readOnly = input.container.hostConfig.ReadonlyRootfs ?? false;
  const files = {
    "/etc/resolv.conf": input.resolvConfPath,
    "/etc/hostname": input.hostnamePath,
    "/etc/hosts": input.hostsPath,
  };
  return Object.entries(files).map(([destination, source]) =>
    bind({ source, destination, readOnly, propagation: "rprivate" }, host),
  );
}

function bind(
  request: Pick<BindMount, "source" | "destination" | "readOnly" | "propagation" | "alone" | "readOnlyBelow">,
  { recursiveReadOnly }: OciHost,
): OciMount {
  const { source, destination, readOnly, propagation, alone = false, readOnlyBelow = recursiveReadOnly } = request;
  if (readOnly && readOnlyBelow && !recursiveReadOnly) {
    throw unsupported(`rro is not supported: ${destination} needs Linux 5.12`, "CTR_MOUNT_INVALID");
  }
  const access = readOnly ? [readOnlyBelow && !alone ? "rro" : "ro"] : [];
  return mount(destination, "bind", source, alone ? "bind" : "rbind", ...access, propagation);
}

const initMount = (program: string): OciMount => mount(INIT_PATH, "bind", program, "bind", "ro");

const depth = ({ destination }: OciMount): number => destination.split("/").length;

const mount = (destination: string, type: string, source: string, ...options: readonly string[]): OciMount => ({
  destination,
  type,
  source,
  options,
});
