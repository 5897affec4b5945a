/** A kernel for tests: trees of groups in memory that keep the rules of the real one, without root. */
import { dirname } from "node:path";
import { type CgroupHost, detectHost, type KernelFiles } from "../../../cgroups/index.ts";

interface FakeMount {
  readonly directory: string;
  /** Files of every new group. */
  readonly files: Readonly<Record<string, string>>;
}

const V1_UNLIMITED = "9223372036854771712";
const CORE_V1 = { "cgroup.procs": "", "cgroup.clone_children": "0" };
const MEMORY_V1 = {
  ...CORE_V1,
  "memory.limit_in_bytes": V1_UNLIMITED,
  "memory.memsw.limit_in_bytes": V1_UNLIMITED,
  "memory.soft_limit_in_bytes": V1_UNLIMITED,
  "memory.usage_in_bytes": "4096",
  "memory.max_usage_in_bytes": "8192",
  "memory.memsw.usage_in_bytes": "4096",
  "memory.memsw.max_usage_in_bytes": "8192",
  "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0",
  "memory.swappiness": "60",
  "memory.stat": "cache 0\ninactive_file 7\ntotal_cache 0\ntotal_inactive_file 2048",
};
const CPU_V1 = {
  ...CORE_V1,
  "cpu.cfs_quota_us": "-1",
  "cpu.cfs_period_us": "100000",
  "cpu.shares": "1024",
  "cpu.rt_period_us": "1000000",
  "cpu.rt_runtime_us": "0",
  "cpu.stat": "nr_periods 4\nnr_throttled 3\nthrottled_time 2000",
};
const CPUACCT_V1 = { "cpuacct.usage": "3000", "cpuacct.usage_user": "1000", "cpuacct.usage_sys": "2000" };
const CPUSET_V1 = { ...CORE_V1, "cpuset.cpus": "", "cpuset.mems": "" };
const BLKIO_V1 = {
  ...CORE_V1,
  "blkio.bfq.weight": "100",
  "blkio.bfq.weight_device": "",
  "blkio.throttle.read_bps_device": "",
  "blkio.throttle.write_bps_device": "",
  "blkio.throttle.read_iops_device": "",
  "blkio.throttle.write_iops_device": "",
  "blkio.throttle.io_service_bytes_recursive": "8:0 Read 10\n8:0 Write 20\n8:0 Total 30\n9:0 Read 5\nTotal 35",
  "blkio.throttle.io_serviced_recursive": "8:0 Read 1\n8:0 Write 2\nTotal 3",
};
const PIDS = { ...CORE_V1, "pids.max": "max", "pids.current": "0" };
const CORE_V2 = {
  "cgroup.procs": "",
  "cgroup.kill": "",
  "cgroup.freeze": "0",
  "cgroup.events": "populated 0\nfrozen 0",
  "cgroup.subtree_control": "",
  "cgroup.type": "domain",
  "cpu.pressure": "some avg10=1.50 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3",
  "cpu.stat": "usage_usec 3\nuser_usec 1\nsystem_usec 2\nnr_periods 4\nnr_throttled 3\nthrottled_usec 2",
};
const CONTROLLERS_V2: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  memory: {
    "memory.max": "max",
    "memory.swap.max": "max",
    "memory.low": "0",
    "memory.high": "max",
    "memory.oom.group": "0",
    "memory.current": "4096",
    "memory.peak": "8192",
    "memory.swap.current": "1024",
    "memory.reclaim": "",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0",
    "memory.stat": "anon 1\ninactive_file 2048",
  },
  cpu: { "cpu.max": "max 100000", "cpu.weight": "100", "cpu.idle": "0" },
  cpuset: { "cpuset.cpus": "", "cpuset.mems": "" },
  pids: { "pids.max": "max", "pids.current": "0", "pids.peak": "2" },
  io: {
    "io.stat": "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n9:0 rbytes=5 wbytes=0 rios=0 wios=0",
    "io.max": "",
    "io.weight": "default 100",
  },
};

const wholePages = (bytes: number): number => Math.floor(bytes / 4096) * 4096;

class Failure extends Error {
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

export class FakeKernel implements KernelFiles {
  readonly #files = new Map<string, string>();
  readonly #directories = new Set<string>();
  readonly #mounts: readonly FakeMount[];
  /** Every write, as `path=value`. */
  readonly writes: string[] = [];
  /** Path → errno that the next writes to it fail with. */
  readonly refusals = new Map<string, string>();
  /** Path → `major:minor`. */
  readonly devices = new Map([["/dev/sda", "8:0"]]);
  /** The rule of v2 that only groups without processes hand controllers down. */
  busyWhilePopulated = false;
  #writesLeft = Number.POSITIVE_INFINITY;
  /** Bytes in use, for limits below it. */
  memoryUsage = 4096;

  constructor(files: Readonly<Record<string, string>>, mounts: readonly FakeMount[]) {
    for (const [path, content] of Object.entries(files)) this.set(path, content);
    this.#mounts = mounts;
    for (const { directory } of mounts) this.#addDirectory(directory);
  }

  set(path: string, content: string): void {
    this.#files.set(path, content);
    this.#addDirectory(dirname(path));
  }

  #addDirectory(path: string): void {
    for (let directory = path; directory !== "/"; directory = dirname(directory)) this.#directories.add(directory);
  }

  /** All group directories, for «nothing is left» assertions. */
  groups(name: string): string[] {
    return [...this.#directories].filter((directory) => directory.split("/").includes(name));
  }

  read(path: string): string {
    const content = this.#files.get(path);
    if (content === undefined) throw new Failure("ENOENT", path);
    return content;
  }

  open(path: string): { read: () => string; close: () => void } {
    this.read(path);
    return { read: () => this.read(path), close() {} };
  }

  /** The engine is killed after so many writes: none comes through any more. */
  dieAfter(writes: number): void {
    this.#writesLeft = writes;
  }

  revive(): void {
    this.#writesLeft = Number.POSITIVE_INFINITY;
  }

  write(path: string, value: string): void {
    if (this.#writesLeft-- <= 0) throw new Failure("EIO", path);
    const present = this.read(path);
    const errno = this.refusals.get(path) ?? this.#judge(path, value);
    if (errno !== undefined) throw new Failure(errno, path);
    this.writes.push(`${path}=${value}`);
    if (path.endsWith("/cgroup.procs")) this.#leave(dirname(dirname(path)), value);
    this.#files.set(path, this.#keep(path, value.trim(), present));
  }

  writeAndRead(path: string, value: string): string {
    this.write(path, value);
    return this.read(path);
  }

  /** A process is in one group of a tree. */
  #leave(directory: string, pid: string): void {
    const file = `${directory}/cgroup.procs`;
    const pids = (this.#files.get(file) ?? "").split("\n").filter((one) => one !== "" && one !== pid);
    this.#files.set(file, pids.join("\n"));
  }

  /** The rules of the kernel that order matters for. */
  #judge(path: string, value: string): string | undefined {
    const directory = dirname(path);
    const bytes = (file: string, text = this.read(`${directory}/${file}`)): number =>
      Number(text) < 0 || Number(text) >= 2 ** 62 ? Number.POSITIVE_INFINITY : wholePages(Number(text));
    if (path.endsWith("/memory.limit_in_bytes")) {
      const limit = bytes("", value);
      if (limit > bytes("memory.memsw.limit_in_bytes")) return "EINVAL";
      if (limit < this.memoryUsage) return "EBUSY";
    }
    if (path.endsWith("/memory.memsw.limit_in_bytes") && bytes("", value) < bytes("memory.limit_in_bytes"))
      return "EINVAL";
    if (
      /\/cpuset\.(cpus|mems)$/.test(path) &&
      value.trim() === "" &&
      this.read(path) !== "" &&
      this.read(`${directory}/cgroup.procs`) !== ""
    ) {
      return "ENOSPC";
    }
    if (this.busyWhilePopulated && path.endsWith("/cgroup.subtree_control") && this.read(`${directory}/cgroup.procs`)) {
      return "EBUSY";
    }
    if (path.endsWith("/memory.reclaim") && this.memoryUsage > 4096) return "EAGAIN";
    return undefined;
  }

  #keep(path: string, value: string, present: string): string {
    if (path.endsWith("/cgroup.subtree_control")) {
      const names = [...present.split(" "), ...value.split(" ").map((word) => word.slice(1))].filter(Boolean);
      return [...new Set(names)].join(" ");
    }
    if (/^\d+:\d+ /.test(value)) return mergeLine(present, value);
    if (path.endsWith("/memory.oom_control")) return `oom_kill_disable ${value}\nunder_oom 0\noom_kill 0`;
    if (/\/memory\..*(limit_in_bytes|max|low)$/.test(path)) {
      if (value === "max") return value;
      return Number(value) < 0 || Number(value) >= 2 ** 62 ? V1_UNLIMITED : String(wholePages(Number(value)));
    }
    return value;
  }

  exists(path: string): boolean {
    return this.#files.has(path) || this.#directories.has(path);
  }

  makeDirectory(path: string): void {
    if (this.#directories.has(path)) throw new Failure("EEXIST", path);
    const parent = dirname(path);
    if (!this.#directories.has(parent)) throw new Failure("ENOENT", path);
    const mount = this.#mounts.find(({ directory }) => path.startsWith(`${directory}/`));
    this.#directories.add(path);
    for (const [name, content] of Object.entries(mount?.files ?? {})) this.set(`${path}/${name}`, content);
    this.#populateV2(path, parent);
    this.#inheritCpuset(path, parent);
  }

  #populateV2(path: string, parent: string): void {
    const control = this.#files.get(`${parent}/cgroup.subtree_control`);
    if (control === undefined) return;
    this.set(`${path}/cgroup.controllers`, control);
    for (const name of control.split(" ").filter(Boolean)) {
      for (const [file, content] of Object.entries(CONTROLLERS_V2[name] ?? {})) this.set(`${path}/${file}`, content);
    }
  }

  #inheritCpuset(path: string, parent: string): void {
    if (this.#files.get(`${parent}/cgroup.clone_children`) !== "1") return;
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      if (this.#files.has(`${path}/${file}`)) this.set(`${path}/${file}`, this.read(`${parent}/${file}`));
    }
  }

  removeDirectory(path: string): void {
    if (!this.#directories.has(path)) throw new Failure("ENOENT", path);
    if (this.directories(path).length > 0 || this.#files.get(`${path}/cgroup.procs`)) throw new Failure("EBUSY", path);
    this.#directories.delete(path);
    for (const file of this.#files.keys()) if (dirname(file) === path) this.#files.delete(file);
  }

  directories(path: string): string[] {
    if (!this.#directories.has(path)) throw new Failure("ENOENT", path);
    return [...this.#directories]
      .filter((other) => dirname(other) === path)
      .map((other) => other.slice(path.length + 1));
  }

  openDirectory(path: string) {
    if (!this.#directories.has(path)) throw new Failure("ENOENT", path);
    return { hasDirectories: () => this.#directories.has(path) && this.directories(path).length > 0, close() {} };
  }

  blockDevice(path: string): string | undefined {
    const device = this.devices.get(path);
    if (device === undefined) this.read(path);
    return device;
  }

  watch(): Disposable {
    return { [Symbol.dispose]() {} };
  }
}

/** A file with a line a device: the words of the new line replace those of the old one with the same keys. */
function mergeLine(present: string, line: string): string {
  const [device = "", ...words] = line.split(" ");
  const lines = present.split("\n").filter(Boolean);
  const old =
    lines
      .find((text) => text.startsWith(`${device} `))
      ?.split(" ")
      .slice(1) ?? [];
  const others = lines.filter((text) => !text.startsWith(`${device} `));
  if (!line.includes("="))
    return words.every((word) => word === "0" || word === "default") ? others.join("\n") : [...others, line].join("\n");
  const kept = old.filter((word) => !words.some((next) => next.split("=")[0] === word.split("=")[0]));
  const merged = [...kept, ...words.filter((word) => !word.endsWith("=max"))];
  return merged.length === 0 ? others.join("\n") : [...others, `${device} ${merged.join(" ")}`].join("\n");
}

const PROC = {
  "/proc/cgroups": table({ cpuset: 1, cpu: 1, cpuacct: 1, memory: 1, freezer: 1, pids: 1, hugetlb: 1, blkio: 1 }),
  "/proc/meminfo": "MemTotal:        2097152 kB\nMemFree: 1 kB",
  "/proc/cmdline": "quiet ro",
  "/proc/swaps": "Filename\tType",
  "/proc/self/status": "Name:\tnode\nCapEff:\t000001ffffffffff",
  "/proc/self/oom_score_adj": "0",
  "/sys/devices/system/cpu/online": "0-3",
  "/sys/devices/system/node/online": "0",
};

/** @param controllers name → enabled */
export function table(controllers: Readonly<Record<string, 0 | 1>>): string {
  const lines = Object.entries(controllers).map(([name, enabled]) => `${name}\t1\t1\t${enabled}`);
  return ["#subsys_name\thierarchy\tnum_cgroups\tenabled", ...lines].join("\n");
}

const cgroup = "/sys/fs/cgroup";
const mountLine = (target: string, type: string, options: string, flags = "rw"): string =>
  `30 22 0:27 / ${target} ${flags},relatime - ${type} ${type} rw,${options}`;
const v1Line = (name: string, options = name, flags = "rw"): string =>
  mountLine(`${cgroup}/${name}`, "cgroup", options, flags);

export interface FakeHost {
  readonly kernel: FakeKernel;
  readonly host: CgroupHost;
}

/** A host from its mount table and files; `extra` wins over the usual content of /proc and /sys. */
function fakeHost(
  lines: readonly string[],
  mounts: readonly FakeMount[],
  rootFiles: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>>,
): FakeHost {
  const mountInfo = ["26 1 254:0 / / rw - ext4 /dev/vda rw", ...lines].join("\n");
  const kernel = new FakeKernel({ ...PROC, "/proc/self/mountinfo": mountInfo, ...rootFiles, ...extra }, mounts);
  const fileSystemType = (path: string): number => {
    const line = lines.findLast((text) => text.split(" ")[4] === path) ?? "";
    return line.includes("- cgroup2 ") ? 0x63677270 : line.includes("- cgroup ") ? 0x27e0eb : 0x01021994;
  };
  return { kernel, host: detectHost({ files: kernel, fileSystemType }) };
}

/** cgroup v2 alone. */
export function unifiedHost(extra: Readonly<Record<string, string>> = {}): FakeHost {
  const root = {
    [`${cgroup}/cgroup.controllers`]: "cpuset cpu io memory hugetlb pids rdma misc",
    [`${cgroup}/cgroup.subtree_control`]: "",
    [`${cgroup}/cpuset.cpus.effective`]: "0-3",
    [`${cgroup}/cpuset.mems.effective`]: "0",
  };
  return fakeHost([mountLine(cgroup, "cgroup2", "nsdelegate")], [{ directory: cgroup, files: CORE_V2 }], root, extra);
}

const FREEZER_V1 = { ...CORE_V1, "freezer.state": "THAWED", "freezer.self_freezing": "0" };

const V1_ROOT = {
  [`${cgroup}/memory/memory.memsw.limit_in_bytes`]: V1_UNLIMITED,
  [`${cgroup}/cpuset/cpuset.effective_cpus`]: "0-1",
  [`${cgroup}/cpuset/cpuset.effective_mems`]: "0",
  [`${cgroup}/cpuset/cpuset.cpus`]: "0-1",
  [`${cgroup}/cpuset/cpuset.mems`]: "0",
  [`${cgroup}/memory/memory.swappiness`]: "60",
  [`${cgroup}/memory/memory.oom_control`]: "",
};

/** Every controller a v1 hierarchy of its own, and a v2 hierarchy with none that limits. */
export function hybridHost(extra: Readonly<Record<string, string>> = {}): FakeHost {
  const mounts = [
    { directory: `${cgroup}/cpu`, files: CPU_V1 },
    { directory: `${cgroup}/cpuacct`, files: { ...CORE_V1, ...CPUACCT_V1 } },
    { directory: `${cgroup}/cpuset`, files: CPUSET_V1 },
    { directory: `${cgroup}/memory`, files: MEMORY_V1 },
    { directory: `${cgroup}/pids`, files: PIDS },
    { directory: `${cgroup}/blkio`, files: BLKIO_V1 },
    { directory: `${cgroup}/freezer`, files: FREEZER_V1 },
    { directory: `${cgroup}/systemd`, files: CORE_V1 },
    { directory: `${cgroup}/unified`, files: CORE_V2 },
  ];
  const lines = [
    mountLine(cgroup, "tmpfs", "mode=755"),
    ...["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "freezer"].map((name) => v1Line(name)),
    v1Line("systemd", "name=systemd"),
    mountLine(`${cgroup}/unified`, "cgroup2", "nsdelegate"),
  ];
  const root = {
    ...V1_ROOT,
    [`${cgroup}/cpu/cpu.cfs_quota_us`]: "-1",
    [`${cgroup}/cpu/cpu.rt_runtime_us`]: "950000",
    [`${cgroup}/cpu/cpu.rt_period_us`]: "1000000",
    ...Object.fromEntries(
      ["read_bps", "write_bps", "read_iops", "write_iops"].map((name) => [
        `${cgroup}/blkio/blkio.throttle.${name}_device`,
        "",
      ]),
    ),
    [`${cgroup}/blkio/blkio.bfq.io_service_bytes`]: "",
    [`${cgroup}/unified/cgroup.controllers`]: "hugetlb",
    [`${cgroup}/unified/cgroup.subtree_control`]: "",
  };
  return fakeHost(lines, mounts, root, extra);
}

/** v1 alone, with cpu and cpuacct in one hierarchy. */
export function legacyHost(extra: Readonly<Record<string, string>> = {}): FakeHost {
  const mounts = [
    { directory: `${cgroup}/cpu,cpuacct`, files: { ...CPU_V1, ...CPUACCT_V1 } },
    { directory: `${cgroup}/cpuset`, files: CPUSET_V1 },
    { directory: `${cgroup}/memory`, files: MEMORY_V1 },
    { directory: `${cgroup}/freezer`, files: FREEZER_V1 },
  ];
  const lines = [
    mountLine(cgroup, "tmpfs", "mode=755"),
    v1Line("cpu,cpuacct"),
    v1Line("cpuset"),
    v1Line("memory", "memory", "ro"),
    v1Line("freezer"),
  ];
  const root = { ...V1_ROOT, [`${cgroup}/cpu,cpuacct/cpu.cfs_quota_us`]: "-1" };
  return fakeHost(lines, mounts, root, extra);
}
