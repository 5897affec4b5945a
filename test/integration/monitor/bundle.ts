/** Containers of the bare OCI runtime for tests of the monitor: a busybox tree, a bundle each, a cgroup parent of their own. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { generateId } from "../../../lib/ids.ts";
import {
  type Attachment,
  type CreateOptions,
  Monitor,
  type MonitoredProcess,
  type StreamAttachment,
} from "../../../runtime/monitor/index.ts";
import { waitFor } from "../../support/wait.ts";

const APPLETS = ["sh", "cat", "echo", "sleep", "true", "stty", "seq", "head", "yes", "kill", "dd", "readlink", "wc"];
const HIERARCHIES = "/sys/fs/cgroup";

export interface ContainerOptions {
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
}

export class MonitorHost implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "ctr-m-"));
  monitor: Monitor;
  readonly #parent = `/${basename(this.directory)}`;

  constructor() {
    const bin = join(this.directory, "rootfs/bin");
    for (const name of ["bin", "proc", "dev", "sys", "tmp"])
      mkdirSync(join(this.directory, "rootfs", name), { recursive: true });
    copyFileSync("/bin/busybox", join(bin, "busybox"));
    for (const applet of APPLETS) symlinkSync("busybox", join(bin, applet));
    this.monitor = this.openMonitor();
  }

  openMonitor(): Monitor {
    const runtime = { name: "runc", path: "/usr/sbin/runc" };
    return new Monitor({ runtime, runDir: join(this.directory, "run") });
  }

  bundle(id: string): string {
    return join(this.directory, "bundles", id);
  }

  logPath(id: string): string {
    return join(this.directory, `${id.slice(0, 12)}.log`);
  }

  /** Writes a bundle. @returns what `Monitor.create` takes */
  prepare(command: readonly string[], options: ContainerOptions = {}): CreateOptions {
    const id = generateId();
    const { tty = false, stdin = false, stdinOnce = false } = options;
    mkdirSync(this.bundle(id), { recursive: true });
    writeFileSync(join(this.bundle(id), "config.json"), JSON.stringify(this.#spec(id, command, tty)));
    return { id, name: id.slice(0, 12), bundle: this.bundle(id), logPath: this.logPath(id), tty, stdin, stdinOnce };
  }

  attach(options: CreateOptions, running = false): StreamAttachment {
    const streams = { stdin: options.stdin, stdout: true, stderr: true };
    return this.monitor.attach(options, running ? options.bundle : undefined, streams);
  }

  /** Makes and starts a container. */
  async start(options: CreateOptions): Promise<MonitoredProcess> {
    const processes = await this.monitor.create(options);
    await this.monitor.start(options.id, processes.init);
    return processes;
  }

  async exitCode(id: string): Promise<number> {
    await waitFor("the container to end", () => this.monitor.exits.codeOf(id) !== undefined);
    return this.monitor.exits.codeOf(id) ?? Number.NaN;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.monitor[Symbol.dispose]();
    for (const directory of this.#cgroups()) {
      const kill = join(directory, "cgroup.kill");
      if (existsSync(kill)) writeFileSync(kill, "1");
    }
    await waitFor("the processes to end", () =>
      this.#cgroups().every((path) => readFileSync(join(path, "cgroup.procs"), "utf8") === ""),
    );
    for (const directory of this.#cgroups().reverse()) rmdirSync(directory);
    await waitFor("the conmons to end", () => !processesWith(this.directory));
    rmSync(this.directory, { recursive: true });
  }

  /** Parents before children. */
  #cgroups(): string[] {
    return readdirSync(HIERARCHIES)
      .map((name) => join(HIERARCHIES, name, this.#parent))
      .filter((path) => existsSync(path))
      .flatMap((path) => [
        path,
        ...readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
          entry.isDirectory() ? [join(path, entry.name)] : [],
        ),
      ]);
  }

  #spec(id: string, command: readonly string[], terminal: boolean): object {
    return {
      ociVersion: "1.0.2",
      process: processOf(command, terminal),
      root: { path: join(this.directory, "rootfs") },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
        { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"] },
      ],
      linux: {
        cgroupsPath: `${this.#parent}/${id}`,
        namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })),
      },
    };
  }
}

/** OCI process that runs a command as root. */
export function processOf(command: readonly string[], terminal: boolean): object {
  return { terminal, user: { uid: 0, gid: 0 }, args: command, env: ["PATH=/bin"], cwd: "/" };
}

/** All output of an attachment, by stream. */
export async function outputOf(attachment: Attachment): Promise<{ stdout: string; stderr: string }> {
  const chunks = await Array.fromAsync(attachment.output);
  const of = (stream: string) =>
    Buffer.concat(chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => data)).toString();
  return { stdout: of("stdout"), stderr: of("stderr") };
}

function processesWith(argument: string): boolean {
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(join("/proc", name, "cmdline"), "utf8").includes(argument);
    } catch {
      return false;
    }
  });
}
