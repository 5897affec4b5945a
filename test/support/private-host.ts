/**
 * A host of its own for a test: a network and a mount namespace of the machine, with the loopback interface up. Tests
 * that use one run in parallel and never touch the machine's own links, rules or mounts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandOptions, type CommandResult, runCommand } from "../../lib/command.ts";
import { hasCode } from "../../lib/errors.ts";
import { signalProcess } from "../../lib/system/process.ts";
import { PATIENCE } from "./wait.ts";

export class PrivateHost implements AsyncDisposable {
  /** A directory for the test's files, removed at the end. Short: socket paths hold at most 107 bytes. */
  readonly directory: string;
  readonly #anchor: ChildProcess;

  private constructor(anchor: ChildProcess, directory: string) {
    this.#anchor = anchor;
    this.directory = directory;
  }

  static async start(): Promise<PrivateHost> {
    const setUp = "ip link set lo up && mount -t tmpfs tmpfs /run/netns 2>/dev/null; echo ready; exec sleep infinity";
    const anchor = spawn("unshare", ["--net", "--mount", "--propagation", "private", "sh", "-c", setUp], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (anchor.stdout === null) throw new Error("the namespace anchor has no output");
    const [ready] = (await once(anchor.stdout, "data")) as [Buffer];
    if (!ready.toString().includes("ready")) throw new Error(`could not make namespaces: ${ready.toString()}`);
    return new PrivateHost(anchor, mkdtempSync(join(tmpdir(), "ctr-")));
  }

  /** The argument vector that runs a program inside. */
  argv(argv: readonly string[]): readonly [string, ...string[]] {
    return ["nsenter", "--target", String(this.#pid), "--net", "--mount", "--", ...argv];
  }

  /** Runs a program inside and waits for it. Any exit code is a result, unless `expect` says otherwise. */
  run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(this.argv(argv), { timeout: 60_000 * PATIENCE, expect: ANY_EXIT_CODE, ...options });
  }

  /** Runs a program inside. @returns its standard output, without the last newline. @throws unless it exits with 0 */
  async output(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
    return (await this.run(argv, { ...options, expect: [0] })).stdout.trimEnd();
  }

  /** Starts a program inside that goes on. */
  spawn(argv: readonly string[], stdio: "pipe" | "inherit" = "pipe"): ChildProcess {
    const [program, ...args] = this.argv(argv);
    return spawn(program, args, { stdio });
  }

  /** File that names the network namespace. */
  get networkNamespace(): string {
    return `/proc/${this.#pid}/ns/net`;
  }

  /** File that names the mount namespace. */
  get mountNamespace(): string {
    return `/proc/${this.#pid}/ns/mnt`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#processes()) signalProcess(pid, "SIGKILL");
    if (this.#anchor.exitCode === null && this.#anchor.signalCode === null) await once(this.#anchor, "exit");
    rmSync(this.directory, { recursive: true, force: true });
  }

  get #pid(): number {
    const { pid } = this.#anchor;
    if (pid === undefined) throw new Error("the private host is gone");
    return pid;
  }

  /** Every process whose mount namespace is this host's: all were started by the test. */
  #processes(): number[] {
    const own = readlinkSync(this.mountNamespace);
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => mountNamespaceOf(pid) === own);
  }
}

const ANY_EXIT_CODE = Array.from({ length: 256 }, (_, code) => code);

function mountNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EACCES")) return undefined;
    throw error;
  }
}
