/** What an engine has put in force for a container, as the kernel says it: cgroup v1 files, and what its process has. */
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const CGROUP_FILES: Readonly<Record<string, readonly string[]>> = {
  blkio: [
    ...["weight", "weight_device", "bfq.weight", "bfq.weight_device", "throttle.read_bps_device"],
    ...["throttle.write_bps_device", "throttle.read_iops_device", "throttle.write_iops_device"],
  ].map((name) => `blkio.${name}`),
  cpu: ["cfs_quota_us", "cfs_period_us", "shares", "rt_period_us", "rt_runtime_us"].map((name) => `cpu.${name}`),
  cpuset: ["cpuset.cpus", "cpuset.mems"],
  devices: ["devices.list"],
  memory: ["limit_in_bytes", "memsw.limit_in_bytes", "soft_limit_in_bytes", "swappiness", "oom_control"].map(
    (name) => `memory.${name}`,
  ),
  pids: ["pids.max"],
};

/** By file or property. @param pid of the container's first process, on the host */
export function writtenLimits(pid: number): Readonly<Record<string, string>> {
  return { ...groupFiles(pid), ...processLimits(pid) };
}

function groupFiles(pid: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (const line of read(`/proc/${pid}/cgroup`).split("\n")) {
    const [, controllers = "", path = ""] = line.split(":");
    for (const controller of controllers.split(",")) {
      for (const name of CGROUP_FILES[controller] ?? []) {
        const file = join("/sys/fs/cgroup", controller, path, name);
        if (existsSync(file)) files[name] = contentOf(name, read(file));
      }
    }
  }
  return files;
}

function contentOf(name: string, content: string): string {
  if (name === "memory.oom_control") return content.split("\n", 1)[0] ?? "";
  return content.trim().split("\n").sort().join("\n");
}

function processLimits(pid: number): Record<string, string> {
  const shm = read(`/proc/${pid}/mountinfo`)
    .split("\n")
    .find((line) => line.includes(" /dev/shm "));
  const limits = read(`/proc/${pid}/limits`)
    .split("\n")
    .map((line) => /^Max (.+?) {2,}(\S+) +(\S+)/.exec(line))
    .flatMap((match) => (match === null ? [] : [[`limit ${match[1]}`, `${match[2]}:${match[3]}`]]));
  return {
    ...(Object.fromEntries(limits) as Record<string, string>),
    oom_score_adj: read(`/proc/${pid}/oom_score_adj`).trim(),
    "size of /dev/shm": /size=(\w+)/.exec(shm ?? "")?.[1] ?? "none",
    groups: /^Groups:\s*(.*?)\s*$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? "",
    "cgroup namespace":
      readlinkSync(`/proc/${pid}/ns/cgroup`) === readlinkSync("/proc/self/ns/cgroup") ? "host" : "own",
  };
}

const read = (file: string): string => readFileSync(file, "utf8");
