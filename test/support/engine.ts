/**
 * A real `ctrd` in a private host, with its own roots, socket and cgroup parent; and the two clients that tests drive it
 * with: our own `ctr` and the real `docker` CLI.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { CommandOptions, CommandResult } from "../../lib/command.ts";
import { signalProcess } from "../../lib/system/process.ts";
import { cgroupParentOf } from "../../runtime/index.ts";
import { busyboxArchive } from "./images.ts";
import { PrivateHost } from "./private-host.ts";
import { waitFor } from "./wait.ts";

const root = join(import.meta.dirname, "../..");

export interface EngineOptions {
  /** Further flags of `ctrd`. */
  readonly flags?: readonly string[];
  /** Load the busybox image (default). */
  readonly busybox?: boolean;
  /** Called with the host and the future data root before the engine starts: gives the host links, mounts, files. */
  readonly prepare?: (host: PrivateHost, dataRoot: string) => Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
  /** The body as JSON; throws when it is none. */
  json<T>(): T;
}

export class TestEngine implements AsyncDisposable {
  readonly host: PrivateHost;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly #flags: readonly string[];
  #daemon: ChildProcess | undefined;

  private constructor(host: PrivateHost, flags: readonly string[]) {
    this.host = host;
    this.dataRoot = join(host.directory, "data");
    this.execRoot = join(host.directory, "run");
    this.socket = join(host.directory, "ctr.sock");
    this.#flags = flags;
  }

  /** Makes a private host, starts an engine in it and loads the busybox image. */
  static async start(options: EngineOptions = {}): Promise<TestEngine> {
    const host = await PrivateHost.start();
    const engine = new TestEngine(host, options.flags ?? []);
    try {
      await options.prepare?.(host, engine.dataRoot);
      await engine.startDaemon();
      if (options.busybox !== false) await engine.ctrOutput("load", "--quiet", "--input", await busyboxArchive());
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    if (this.#daemon?.pid === undefined) throw new Error("the engine does not run");
    return this.#daemon.pid;
  }

  /** What `ctrd` has written so far. */
  get log(): string {
    return readFileSync(join(this.host.directory, "ctrd.log"), "utf8");
  }

  async startDaemon(): Promise<void> {
    const log = join(this.host.directory, "ctrd.log");
    const argv = [
      ...[join(root, "bin/ctrd"), "--data-root", this.dataRoot, "--exec-root", this.execRoot],
      ...["--pidfile", join(this.host.directory, "ctrd.pid"), "-H", `unix://${this.socket}`, ...this.#flags],
    ];
    // nsenter and the launcher both exec, so the child's pid is the engine's own.
    const [program, ...args] = this.host.argv(["sh", "-c", 'exec "$@" >>"$0" 2>&1', log, ...argv]);
    const daemon = spawn(program, args, { stdio: "ignore" });
    this.#daemon = daemon;
    await waitFor("ctrd to answer", async () => {
      if (daemon.exitCode !== null) throw new Error(`ctrd ended with ${daemon.exitCode}:\n${this.log}`);
      return existsSync(this.socket) && (await this.api("GET", "/_ping")).status === 200;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${existsSync(log) ? this.log : ""}`, { cause: error });
    });
  }

  /** Ends the engine and waits for it. @param signal SIGTERM stops it cleanly, SIGKILL is a crash */
  async stopDaemon(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon?.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const gone = once(daemon, "exit");
    signalProcess(daemon.pid, signal);
    await gone;
  }

  /** Runs `ctr` against this engine. Any exit code is a result. */
  ctr(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.host.run([join(root, "bin/ctr"), "-H", `unix://${this.socket}`, ...argv], options);
  }

  /** @returns what `ctr` printed, without the last newline. @throws unless it exits with 0 */
  async ctrOutput(...argv: readonly string[]): Promise<string> {
    return (await this.ctr(argv, { expect: [0] })).stdout.trimEnd();
  }

  /** Runs the real docker CLI against this engine. Any exit code is a result. */
  docker(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.host.run(["docker", "-H", `unix://${this.socket}`, ...argv], options);
  }

  /** One request to the Engine API. */
  api(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      // Node tells no length of its own with DELETE.
      const headers =
        content === undefined ? {} : { "content-type": "application/json", "content-length": content.length };
      const call = request({ socketPath: this.socket, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: text, json: <T>() => JSON.parse(text) as T });
        });
      });
      call.on("error", reject);
      call.end(content);
    });
  }

  /** Cgroup directories of this engine's containers, in every hierarchy. */
  cgroups(): string[] {
    const parent = cgroupParentOf(this.execRoot);
    return ["/sys/fs/cgroup", ...readdirSync("/sys/fs/cgroup").map((name) => join("/sys/fs/cgroup", name))]
      .map((hierarchy) => join(hierarchy, parent))
      .filter(existsSync)
      .flatMap((directory) => [directory, ...subdirectories(directory)])
      .sort();
  }

  /**
   * Everything a container may leave on the host: links, firewall elements, mounts, cgroups, files. Two of them are equal
   * when what happened in between left no trace.
   */
  async traces(): Promise<Record<string, readonly string[]>> {
    const lines = async (...argv: readonly string[]): Promise<string[]> => (await this.host.output(argv)).split("\n");
    // The data plane, once started, is the engine's and not a container's.
    const others = ["ctr.db*", "dataplane.*"].flatMap((name) => ["-not", "-name", name]);
    const files = ["find", this.dataRoot, this.execRoot, ...others, "-not", "-path", "*/layers/*"];
    return {
      links: (await lines("ip", "-br", "link")).map((line) => line.split(/\s+/)[0] ?? ""),
      // Stateless: packet counters are no traces.
      rules: (await lines("nft", "--stateless", "list", "ruleset")).map((line) => line.trim()),
      mounts: (await lines("findmnt", "-rno", "TARGET")).sort(),
      cgroups: this.cgroups(),
      files: (await lines(...files)).sort(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#daemon?.exitCode === null && existsSync(this.socket)) await this.#removeContainers();
      await this.stopDaemon();
    } finally {
      await this.#killCgroups();
      await this.host[Symbol.asyncDispose]();
    }
  }

  async #removeContainers(): Promise<void> {
    const containers = (await this.api("GET", "/containers/json?all=1")).json<{ Id: string }[]>();
    for (const { Id } of containers) await this.api("DELETE", `/containers/${Id}?force=1&v=1`);
  }

  /** What a crashed engine left running. */
  async #killCgroups(): Promise<void> {
    for (const directory of this.cgroups()) {
      const kill = join(directory, "cgroup.kill");
      if (existsSync(kill)) writeFileSync(kill, "1");
    }
    await waitFor("the cgroups to be empty", () => this.cgroups().every((path) => processesIn(path).length === 0));
    for (const directory of this.cgroups().reverse()) rmdirSync(directory);
  }
}

function subdirectories(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

const processesIn = (cgroup: string): string[] =>
  readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
