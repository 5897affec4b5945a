/** The test's end of an engine process in a private host, and what it may leave behind there. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Container, type ContainerCreateRequest, cgroupParentOf } from "../../../runtime/index.ts";
import { busyboxArchive } from "../../support/images.ts";
import { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";
import type { RunResult } from "./engine-process.ts";

const PROCESS = join(import.meta.dirname, "engine-process.ts");
const HIERARCHIES = "/sys/fs/cgroup";

export class CallError extends Error {
  readonly status: number;
  readonly code: string;

  constructor({ message, status, code }: { message: string; status: number; code: string }) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class EngineHost implements AsyncDisposable {
  readonly host: PrivateHost;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly #pending = new Map<number, Pending>();
  #engine: ChildProcess | undefined;
  #calls = 0;
  stderr = "";

  private constructor(host: PrivateHost) {
    this.host = host;
    this.dataRoot = join(host.directory, "data");
    this.execRoot = join(host.directory, "run");
  }

  static async start(): Promise<EngineHost> {
    const self = new EngineHost(await PrivateHost.start());
    await self.open();
    await self.call("load", await busyboxArchive());
    return self;
  }

  /** Starts the engine. @param crashAt a step of a container's life after which it kills itself */
  async open(crashAt = ""): Promise<void> {
    const [program, ...args] = this.host.argv([process.execPath, PROCESS, this.dataRoot, this.execRoot]);
    const engine = spawn(program, args, {
      stdio: "pipe",
      env: { ...process.env, CTR_TEST_CRASH: crashAt },
    });
    this.#engine = engine;
    engine.stderr.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    const ready = new Promise((resolve, reject) => this.#pending.set(0, { resolve, reject }));
    createInterface({ input: engine.stdout }).on("line", (line) => this.#answered(line));
    engine.on("exit", (code, signal) => {
      for (const { reject } of this.#pending.values())
        reject(new Error(`the engine ended: ${code ?? signal}\n${this.stderr}`));
      this.#pending.clear();
    });
    await ready;
  }

  /** Tries to open another engine in the same host. @throws with its error output when it ends */
  async second({ dataRoot, execRoot }: { readonly dataRoot: string; readonly execRoot: string }): Promise<void> {
    const { exitCode, stderr } = await this.host.run([process.execPath, PROCESS, dataRoot, execRoot], { input: "" });
    if (exitCode !== 0) throw new Error(stderr);
  }

  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    const call = ++this.#calls;
    this.#engine?.stdin?.write(`${JSON.stringify({ call, method, args })}\n`);
    return new Promise<unknown>((resolve, reject) => this.#pending.set(call, { resolve, reject })) as Promise<T>;
  }

  run(request: ContainerCreateRequest, input?: string, name?: string): Promise<RunResult> {
    return this.call("run", request, input, name);
  }

  /** A container that runs in the background. @returns its id */
  async background(request: ContainerCreateRequest, name?: string): Promise<string> {
    const { id } = await this.call<{ id: string }>("create", { Image: "busybox", ...request }, { name });
    await this.call("start", id);
    return id;
  }

  find(reference: string): Promise<Container> {
    return this.call("find", reference);
  }

  /** Ends the engine. */
  async kill(): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined || engine.exitCode !== null || engine.signalCode !== null) return;
    const gone = once(engine, "exit");
    // nsenter execs the program, so this is the engine itself.
    engine.kill("SIGKILL");
    await gone;
  }

  /** The engine has killed itself. */
  async crashed(): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined || engine.signalCode !== null) return;
    await once(engine, "exit");
  }

  async close(): Promise<void> {
    if (this.#engine === undefined) return;
    const gone = once(this.#engine, "exit");
    await this.call("close");
    await gone;
  }

  /** Everything that containers may leave on the machine. */
  async traces(): Promise<Record<string, readonly string[]>> {
    const lines = async (...argv: readonly string[]) => (await this.host.output(argv)).split("\n");
    // The data plane, once started, is the engine's and not a container's.
    const others = ["ctr.db*", "dataplane.*"].flatMap((name) => ["-not", "-name", name]);
    const files = ["find", this.dataRoot, this.execRoot, ...others, "-not", "-path", "*/layers/*"];
    return {
      links: (await lines("ip", "-br", "link")).map((line) => line.split(/\s+/)[0] ?? ""),
      rules: (await lines("nft", "list", "ruleset")).map((line) => line.trim()),
      mounts: (await lines("findmnt", "-rno", "TARGET")).sort(),
      cgroups: this.cgroups().filter((path) => !path.endsWith(cgroupParentOf(this.execRoot))),
      files: (await lines(...files)).sort(),
      processes: this.conmons(),
    };
  }

  /** Command lines of the conmons of this engine. */
  conmons(): string[] {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const argv = readFileSync(join("/proc", name, "cmdline"), "utf8");
        return argv.includes("conmon") && argv.includes(this.execRoot) ? [argv.replaceAll("\0", " ")] : [];
      } catch {
        return [];
      }
    });
  }

  /** Groups of this engine in all hierarchies, parents first. */
  cgroups(): string[] {
    const parent = cgroupParentOf(this.execRoot);
    return ["", ...readdirSync(HIERARCHIES)]
      .map((name) => join(HIERARCHIES, name, parent))
      .filter((path) => existsSync(path))
      .flatMap((path) => [path, ...groupsIn(path)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    for (const path of this.cgroups()) {
      const kill = join(path, "cgroup.kill");
      if (existsSync(kill)) writeFileSync(kill, "1");
    }
    const empty = (path: string) => readFileSync(join(path, "cgroup.procs"), "utf8") === "";
    await waitFor("the containers to end", () => this.cgroups().every(empty));
    for (const path of this.cgroups().reverse()) rmdirSync(path);
    await this.host[Symbol.asyncDispose]();
  }

  #answered(line: string): void {
    const { call, result, error } = JSON.parse(line) as {
      call: number;
      result?: unknown;
      error?: { message: string; status: number; code: string };
    };
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new CallError(error));
  }
}

/** Parents first. */
const groupsIn = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const group = join(path, entry.name);
    return entry.isDirectory() ? [group, ...groupsIn(group)] : [];
  });
