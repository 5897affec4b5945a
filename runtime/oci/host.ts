/** Facts of this host that specifications depend on, gathered once when the engine starts. */
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../lib/errors.ts";
import { PROCESS_LIMITS } from "../../lib/system/process-limits.ts";
import { capabilitiesOfMask } from "./capabilities.ts";
import { SeccompProfile } from "./seccomp.ts";

export interface OciHost {
  /** Node's name: `x64`, `arm64` … */
  readonly architecture: string;
  /** `6.1.0-18-amd64` */
  readonly kernel: string;
  /** Bounding set of the engine: the most that a container can get. */
  readonly capabilities: readonly string[];
  /** Pure cgroup v2. */
  readonly unified: boolean;
  readonly seccomp: boolean;
  /** The profile of containers that bring none; undefined when the distribution's file is missing. */
  readonly seccompProfile: SeccompProfile | undefined;
  readonly appArmor: boolean;
  /** A static init program for `--init`; undefined when none is installed. */
  readonly initProgram: string | undefined;
  /** Sysctls of a container's own network namespace, as far as this kernel has them. */
  readonly networkSysctls: Readonly<Record<string, string>>;
  readonly maskedPaths: readonly string[];
  /** Whether bind mounts can be made read-only with all that is mounted below them (Linux 5.12). */
  readonly recursiveReadOnly: boolean;
  /** Hard resource limits of the engine, by Docker's names; absent ones are unlimited. */
  readonly hardLimits: ReadonlyMap<string, number>;
}

/** Of the distribution's package golang-github-containers-common. */
export const SECCOMP_PROFILE_FILE = "/usr/share/containers/seccomp.json";

const CGROUP2_SUPER_MAGIC = 0x63677270;

/** Static programs only: the container's file system need not have a C library. */
const INIT_PROGRAMS = ["docker-init", "tini-static", "catatonit"];
const INIT_DIRECTORIES = ["/usr/local/bin", "/usr/bin", "/usr/libexec/podman", "/usr/libexec/docker"];

/** Ports below 1024 and ping need no capability inside a network namespace of one's own. */
const NETWORK_SYSCTLS = {
  "net.ipv4.ip_unprivileged_port_start": "0",
  "net.ipv4.ping_group_range": "0 2147483647",
};

export function detectOciHost(): OciHost {
  const status = readFileSync("/proc/self/status", "utf8");
  const profile = textOf(SECCOMP_PROFILE_FILE);
  const kernel = release();
  return {
    architecture: process.arch,
    kernel,
    capabilities: capabilitiesOfMask(/^CapBnd:\t(\w+)$/m.exec(status)?.[1] ?? "0"),
    unified: statfsSync("/sys/fs/cgroup").type === CGROUP2_SUPER_MAGIC,
    seccomp: /^Seccomp:/m.test(status),
    seccompProfile: profile === undefined ? undefined : SeccompProfile.parse(profile),
    appArmor: textOf("/sys/module/apparmor/parameters/enabled")?.startsWith("Y") ?? false,
    initProgram: INIT_PROGRAMS.flatMap((name) => INIT_DIRECTORIES.map((directory) => join(directory, name))).find(
      isExecutable,
    ),
    networkSysctls: Object.fromEntries(Object.entries(NETWORK_SYSCTLS).filter(([name]) => hasSysctl(name))),
    maskedPaths: [...MASKED_PATHS, ...throttlePaths()],
    recursiveReadOnly: isAtLeast512(kernel),
    hardLimits: parseHardLimits(textOf("/proc/self/limits") ?? ""),
  };
}

/** What would tell a container of the host's secrets and hardware: Docker's list, in its order, which `inspect` shows. */
const MASKED_PATHS = [
  ...["/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats"],
  ...["/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi"],
  ...["/sys/firmware", "/sys/devices/virtual/powercap"],
];

/** What a container may read and not write (Docker's list). */
export const READONLY_PATHS: readonly string[] = [
  ...["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
];

/** Counters of thermal throttling tell of the neighbours' load (GHSA-6fw5-f8r9-fgfm). */
function throttlePaths(): string[] {
  const cpus = "/sys/devices/system/cpu";
  return namesIn(cpus)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => join(cpus, name, "thermal_throttle"))
    .filter((path) => existsSync(path));
}

/** Exported for tests. @param text of `/proc/<pid>/limits` */
export function parseHardLimits(text: string): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const [name, { label }] of Object.entries(PROCESS_LIMITS)) {
    const [, hard] = new RegExp(`^${label} +\\S+ +(\\d+)`, "m").exec(text) ?? [];
    if (hard !== undefined) limits.set(name, Number(hard));
  }
  return limits;
}

function isAtLeast512(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split(".").map(Number);
  return major > 5 || (major === 5 && minor >= 12);
}

const hasSysctl = (name: string): boolean => existsSync(join("/proc/sys", name.replaceAll(".", "/")));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
