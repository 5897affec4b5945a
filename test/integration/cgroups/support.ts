/** Groups of one test file, below a parent of their own, with everything gone at its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Cgroups, commandInGroup, detectHost, type Limits } from "../../../cgroups/index.ts";
import { silentLogger } from "../../../lib/log.ts";

export const MIB = 2 ** 20;

export class TestGroups implements AsyncDisposable {
  readonly parent = `/ctr-test-${process.pid}-${randomBytes(3).toString("hex")}`;
  readonly host = detectHost();
  readonly cgroups = this.another();
  readonly #children: ChildProcess[] = [];
  readonly #scratch: string[] = [];

  /** A second instance on the same groups, as after a crash of the first. */
  another(): Cgroups {
    return new Cgroups({ host: this.host, parent: this.parent, logger: silentLogger });
  }

  /** Runs a shell script in a new group. */
  run(id: string, limits: Limits, script: string): ChildProcess {
    return this.runIn(this.cgroups.create(id, limits).directories, script, limits);
  }

  runIn(directories: readonly string[], script: string, limits: Limits = {}): ChildProcess {
    const argv = commandInGroup({ id: "", path: "", directories }, ["/bin/sh", "-c", script], limits);
    const child = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["ignore", "ignore", "ignore"] });
    this.#children.push(child);
    return child;
  }

  /** A file on a disk, removed at the end: that of this project, as /tmp may be memory. */
  scratchFile(): string {
    const project = fileURLToPath(new URL("../../..", import.meta.url));
    const path = join(process.env["CTR_TEST_DISK"] ?? project, `.scratch-${process.pid}-${this.#scratch.length}`);
    this.#scratch.push(path);
    return path;
  }

  /** True once a process has joined the group in its last hierarchy, thus in all. */
  isJoined(id: string): boolean {
    return readFileSync(`${this.cgroups.directoriesOf(id).at(-1)}/cgroup.procs`, "utf8") !== "";
  }

  /** What the kernel enforces, by limit. */
  enforced(id: string): Record<string, unknown> {
    return Object.fromEntries(this.cgroups.read(id).map(({ limit, enforced }) => [limit, enforced]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const named = this.cgroups.groups().map((name) => `${name}.group`);
    for (const id of [...this.cgroups.list(), ...named]) {
      await this.cgroups.kill(id);
      await this.cgroups.remove(id);
    }
    this.cgroups.removeParent();
    for (const path of this.#scratch) rmSync(path, { force: true });
    for (const child of this.#children)
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
}

/** Holds this much memory in one process, and waits. */
export const holdMemory = (bytes: number): string => `(head -c ${bytes} /dev/zero; exec sleep 300) | tail -c ${bytes}`;

/** The shell itself grows without end: its first process, and no other. */
export const EAT_MEMORY = 'x=0123456789; while :; do x="$x$x"; done';

/** Keeps one CPU busy. */
export const SPIN = "while :; do :; done";

/** `major:minor` of a disk of this machine whose I/O can be limited; undefined without any. */
export function disk(): string | undefined {
  const names = readFileSync("/proc/partitions", "utf8").matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+) (\w+)$/gm);
  for (const [, major, minor, blocks, name] of names) {
    if (Number(blocks) > 0 && existsSync(`/sys/block/${name}/device`)) return `${major}:${minor}`;
  }
  return undefined;
}
