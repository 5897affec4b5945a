/**
 * What this host can do with cgroups, found out once at start. Three layouts exist: `unified` (cgroup v2 alone),
 * `legacy` (v1 alone) and `hybrid`: limits through v1 hierarchies, and a v2 hierarchy beside them which gives every
 * group `cgroup.kill`, `cgroup.freeze`, events and pressure. See cgroups(7) and the kernel's admin-guide/cgroup-v2.
 */
import { statfsSync } from "node:fs";
import { unsupported } from "../lib/errors.ts";
import { type MountInfo, parseMountInfo } from "../lib/system/mount.ts";
import { lowestOomScoreAdj } from "./capabilities.ts";
import { type KernelFiles, realFiles } from "./files.ts";
import { parseList } from "./lists.ts";
import { missingFiles } from "./missing-files.ts";

export type CgroupMode = "unified" | "hybrid" | "legacy";

/** The controllers that enforce our limits, by their v2 names. */
export const LIMIT_CONTROLLERS = ["memory", "cpu", "cpuset", "pids", "io"] as const;
export type LimitController = (typeof LIMIT_CONTROLLERS)[number];

/** One mounted tree of groups. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Where it is mounted. */
  readonly directory: string;
  /** Controllers bound to it; a v1 tree without any has its name, `name=systemd`. */
  readonly controllers: readonly string[];
}

export interface CgroupHost {
  readonly mode: CgroupMode;
  /** All trees, v1 first. A group of ours has a directory in each of them. */
  readonly hierarchies: readonly Hierarchy[];
  /** The v2 tree, with or without controllers; undefined on a legacy host. */
  readonly unified: Hierarchy | undefined;
  /** Controller → the tree that it works in. */
  readonly controllers: ReadonlyMap<string, Hierarchy>;
  /** Why a controller of {@link LIMIT_CONTROLLERS} cannot be used, as the end of a sentence. */
  readonly absent: ReadonlyMap<LimitController, string>;
  /** Files of limits that groups of this host do not have, although their controller is there. */
  readonly missingFiles: ReadonlySet<string>;
  /** Whether memory and swap can be limited together (CONFIG_SWAP, and not `swapaccount=0`). */
  readonly swapAccounting: boolean;
  /** Whether CPU time can be limited (CONFIG_CFS_BANDWIDTH). */
  readonly cpuQuota: boolean;
  /** Numbers of the CPUs that can be used. */
  readonly cpus: readonly number[];
  readonly memoryNodes: readonly number[];
  /** Bytes of memory in the machine. */
  readonly memoryTotal: number;
  /** The lowest oom_score_adj that we may give a process: −1000 with CAP_SYS_RESOURCE. */
  readonly lowestOomScoreAdj: number;
  readonly procDirectory: string;
  readonly files: KernelFiles;
}

export interface DetectOptions {
  /** Default `/proc`. */
  readonly procDirectory?: string;
  /** Default `/sys`. */
  readonly sysDirectory?: string;
  /** Default {@link realFiles}. */
  readonly files?: KernelFiles;
  /** Magic number of the file system that is visible at a path; default statfs(2). */
  readonly fileSystemType?: (path: string) => number;
}

/** linux/magic.h */
const MAGIC: Readonly<Record<string, number>> = { cgroup: 0x27e0eb, cgroup2: 0x63677270 };

/**
 * Looks at the host. Changes nothing, but for oom_score_adj of this process, for microseconds and only without
 * CAP_SYS_RESOURCE.
 * @throws `unsupported` when no cgroup file system is mounted
 */
export function detectHost(options: DetectOptions = {}): CgroupHost {
  const { procDirectory = "/proc", sysDirectory = "/sys", files = realFiles } = options;
  const fileSystemType = options.fileSystemType ?? ((path: string) => statfsSync(path).type);
  const mounts = cgroupMounts(files.read(`${procDirectory}/self/mountinfo`), sysDirectory, fileSystemType);
  const table = parseControllerTable(files, procDirectory);
  const hierarchies = hierarchiesOf(mounts, table, files);
  const unified = hierarchies.find(({ version }) => version === 2);
  const controllers = controllersOf(hierarchies);
  return {
    mode: modeOf(hierarchies),
    hierarchies,
    unified,
    controllers,
    absent: absentControllers(controllers, mounts, table),
    missingFiles: missingFiles(controllers, files),
    swapAccounting: hasSwapAccounting(controllers.get("memory"), files, procDirectory),
    cpuQuota: hasCpuQuota(controllers.get("cpu"), files),
    cpus: usableNumbers("cpus", controllers.get("cpuset"), files, `${sysDirectory}/devices/system/cpu/online`),
    memoryNodes: usableNumbers("mems", controllers.get("cpuset"), files, `${sysDirectory}/devices/system/node/online`),
    memoryTotal: memoryTotal(files, procDirectory),
    lowestOomScoreAdj: lowestOomScoreAdj(files, procDirectory),
    procDirectory,
    files,
  };
}

/** The cgroup mounts that can be reached: not those with another mount on top. */
function cgroupMounts(
  mountInfo: string,
  sysDirectory: string,
  fileSystemType: (path: string) => number,
): readonly MountInfo[] {
  const usual = `${sysDirectory}/fs/cgroup`;
  return (
    parseMountInfo(mountInfo)
      .filter(({ type, target }) => type in MAGIC && fileSystemType(target) === MAGIC[type])
      // A tree may be mounted several times. The usual place is the one that the OCI runtime finds too.
      .sort((a, b) => Number(b.target.startsWith(usual)) - Number(a.target.startsWith(usual)))
  );
}

/** /proc/cgroups: the v1 controllers that the kernel knows, and whether each is enabled. */
function parseControllerTable(files: KernelFiles, procDirectory: string): ReadonlyMap<string, boolean> {
  const file = `${procDirectory}/cgroups`;
  const lines = files.exists(file) ? files.read(file).split("\n").slice(1) : [];
  return new Map(
    lines.map((line) => {
      const [name = "", , , enabled] = line.split("\t");
      return [name, enabled === "1"];
    }),
  );
}

function hierarchiesOf(
  mounts: readonly MountInfo[],
  table: ReadonlyMap<string, boolean>,
  files: KernelFiles,
): Hierarchy[] {
  const taken = new Set<string>();
  const v1: Hierarchy[] = [];
  for (const { type, target, superOptions } of mounts) {
    if (type !== "cgroup") continue;
    const controllers = superOptions.split(",").filter((word) => table.has(word) || word.startsWith("name="));
    if (controllers.length === 0 || controllers.some((name) => taken.has(name))) continue;
    for (const name of controllers) taken.add(name);
    v1.push({ version: 1, directory: target, controllers });
  }
  const v2 = mounts.find(({ type }) => type === "cgroup2");
  if (v2 === undefined) {
    if (v1.length > 0) return v1;
    throw unsupported("no cgroup file system is mounted", {
      code: "CTR_CGROUP_NOT_MOUNTED",
      hint: "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    });
  }
  const controllers = files.read(`${v2.target}/cgroup.controllers`).split(" ").filter(Boolean);
  return [...v1, { version: 2, directory: v2.target, controllers }];
}

/** Each by its name; block I/O by the names of both versions. */
function controllersOf(hierarchies: readonly Hierarchy[]): ReadonlyMap<string, Hierarchy> {
  const controllers = new Map<string, Hierarchy>();
  for (const hierarchy of hierarchies) for (const name of hierarchy.controllers) controllers.set(name, hierarchy);
  const io = controllers.get("io") ?? controllers.get("blkio");
  if (io !== undefined) controllers.set("io", io);
  return controllers;
}

function modeOf(hierarchies: readonly Hierarchy[]): CgroupMode {
  const versions = new Set(hierarchies.map(({ version }) => version));
  if (versions.size === 2) return "hybrid";
  return versions.has(2) ? "unified" : "legacy";
}

function absentControllers(
  controllers: ReadonlyMap<string, Hierarchy>,
  mounts: readonly MountInfo[],
  table: ReadonlyMap<string, boolean>,
): ReadonlyMap<LimitController, string> {
  const absent = new Map<LimitController, string>();
  for (const name of LIMIT_CONTROLLERS) {
    const hierarchy = controllers.get(name);
    const mount = mounts.find(({ target }) => target === hierarchy?.directory);
    if (hierarchy === undefined) absent.set(name, whyAbsent(name, table));
    else if (mount?.options.split(",").includes("ro")) absent.set(name, `${mount.target} is mounted read-only`);
  }
  return absent;
}

function whyAbsent(name: LimitController, table: ReadonlyMap<string, boolean>): string {
  switch (table.get(name === "io" ? "blkio" : name)) {
    case true:
      return `the kernel has the controller "${name}", but it is neither mounted nor offered to this cgroup tree`;
    case false:
      return `the controller "${name}" is disabled on the kernel's command line (cgroup_disable=${name})`;
    default:
      return `the kernel was built without the controller "${name}", or does not offer it to this cgroup tree`;
  }
}

function hasSwapAccounting(memory: Hierarchy | undefined, files: KernelFiles, procDirectory: string): boolean {
  if (memory === undefined) return false;
  if (memory.version === 1) return files.exists(`${memory.directory}/memory.memsw.limit_in_bytes`);
  // The root of v2 has no limits of its own. A kernel that lists swaps has CONFIG_SWAP, which since 6.1 implies the rest.
  const commandLine = files.read(`${procDirectory}/cmdline`).split(" ");
  return files.exists(`${procDirectory}/swaps`) && !commandLine.includes("swapaccount=0");
}

function hasCpuQuota(cpu: Hierarchy | undefined, files: KernelFiles): boolean {
  if (cpu === undefined) return false;
  return cpu.version === 2 || files.exists(`${cpu.directory}/cpu.cfs_quota_us`);
}

function usableNumbers(
  what: "cpus" | "mems",
  cpuset: Hierarchy | undefined,
  files: KernelFiles,
  online: string,
): readonly number[] {
  const name = cpuset?.version === 1 ? `cpuset.effective_${what}` : `cpuset.${what}.effective`;
  const file = cpuset === undefined ? online : `${cpuset.directory}/${name}`;
  // A kernel without NUMA has no list of nodes: there is the one.
  return parseList(files.exists(file) ? files.read(file) : "0") ?? [0];
}

function memoryTotal(files: KernelFiles, procDirectory: string): number {
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(files.read(`${procDirectory}/meminfo`))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}
