/** A root file system of busybox in a private host, and containers in it by the OCI runtime alone: no engine, no conmon. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { busyboxRootFileSystem } from "../../../bin/quickstart/busybox-image.ts";
import { type CommandResult, runCommand } from "../../../lib/command.ts";
import {
  type BundleInput,
  buildSpec,
  chooseRuntime,
  detectOciHost,
  type OciHost,
  type OciRuntime,
  writeBundle,
} from "../../../runtime/oci/index.ts";
import type { ContainerConfig, HostConfig } from "../../../runtime/types.ts";
import { PrivateHost } from "../../support/private-host.ts";

export interface BoxOptions {
  readonly config?: ContainerConfig;
  readonly hostConfig?: HostConfig;
  readonly volumes?: BundleInput["volumes"];
}

export class Box implements AsyncDisposable {
  readonly #privateHost: PrivateHost;
  readonly runtime: OciRuntime;
  readonly host: OciHost = detectOciHost();
  readonly rootfs: string;
  #containers = 0;

  private constructor(privateHost: PrivateHost, runtime: OciRuntime) {
    this.#privateHost = privateHost;
    this.runtime = runtime;
    this.rootfs = join(privateHost.directory, "rootfs");
  }

  static async start(): Promise<Box> {
    const privateHost = await PrivateHost.start();
    try {
      const box = new Box(privateHost, await chooseRuntime());
      await box.#makeFiles();
      return box;
    } catch (error) {
      await privateHost[Symbol.asyncDispose]();
      throw error;
    }
  }

  get directory(): string {
    return this.#privateHost.directory;
  }

  async #makeFiles(): Promise<void> {
    mkdirSync(this.rootfs);
    await runCommand(["tar", "-x", "-C", this.rootfs], { input: await busyboxRootFileSystem() });
    writeFileSync(join(this.rootfs, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/home/web:/bin/sh\n");
    writeFileSync(join(this.rootfs, "etc/group"), "root:x:0:\nweb:x:34:\nextra:x:50:web\n");
    for (const name of ["hostname", "hosts", "resolv.conf"]) writeFileSync(join(this.directory, name), `${name}\n`);
    // The container's network namespace must not be the one that the runtime itself runs in.
    const network = join(this.directory, "net");
    writeFileSync(network, "");
    await this.#privateHost.output(["unshare", `--net=${network}`, "true"]);
  }

  /** Runs a program to its end in a new container. Any exit code is a result. */
  async run(argv: readonly string[], options: BoxOptions = {}): Promise<CommandResult> {
    const { id, bundle } = await this.#prepare(argv, options);
    const command = this.#command("run", "--bundle", bundle, id);
    const quoted = command.map((word) => `'${word}'`).join(" ");
    // A runtime takes its terminal from its own standard streams: script(1) gives it one.
    return this.#privateHost.run(options.config?.Tty ? ["script", "-qec", quoted, "/dev/null"] : command);
  }

  /** The output of a shell script in a new container, without the last newline. @throws unless it exits with 0 */
  async output(script: string, options: BoxOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(["sh", "-c", script], options);
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}${stdout}`);
    return stdout.trimEnd();
  }

  /** A container that waits, while `body` runs programs beside it by an OCI process. */
  async withContainer(
    options: BoxOptions,
    body: (exec: (process: object) => Promise<CommandResult>) => Promise<void>,
  ): Promise<void> {
    const { id, bundle } = await this.#prepare(["sleep", "1000"], options);
    const processFile = join(bundle, "process.json");
    // Detached without pipes of ours: the container would hold them open.
    const shell = `${this.#command("run", "--detach", "--bundle", bundle, id).join(" ")} </dev/null >/dev/null 2>&1`;
    await this.#privateHost.output(["sh", "-c", shell]);
    try {
      await body((process) => {
        writeFileSync(processFile, JSON.stringify(process));
        return this.#privateHost.run(this.#command("exec", "--process", processFile, id));
      });
    } finally {
      await this.#privateHost.output(this.#command("delete", "--force", id));
    }
  }

  async #prepare(argv: readonly string[], options: BoxOptions): Promise<{ id: string; bundle: string }> {
    const { config = {}, hostConfig = {}, volumes = [] } = options;
    const [path = "", ...args] = argv;
    const id = `${basename(this.directory)}-${this.#containers++}`;
    const bundle = join(this.directory, id);
    mkdirSync(bundle);
    const file = (name: string): string => join(this.directory, name);
    const spec = buildSpec(
      {
        container: { config: { Hostname: "box", ...config }, hostConfig, path, args },
        rootfs: this.rootfs,
        cgroupsPath: `/${id}`,
        networkNamespace: file("net"),
        hostnamePath: file("hostname"),
        hostsPath: file("hosts"),
        resolvConfPath: file("resolv.conf"),
        oomScoreAdj: 100,
        volumes,
      },
      this.host,
    );
    await writeBundle(bundle, spec);
    return { id, bundle };
  }

  #command(...argv: readonly string[]): string[] {
    return [this.runtime.path, "--root", join(this.directory, "state"), ...argv];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#privateHost[Symbol.asyncDispose]();
    for (const hierarchy of ["/sys/fs/cgroup", ...childrenOf("/sys/fs/cgroup")]) {
      for (const group of childrenOf(hierarchy))
        if (basename(group).startsWith(`${basename(this.directory)}-`)) rmdirSync(group);
    }
  }
}

const childrenOf = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [join(directory, entry.name)] : [],
      )
    : [];
