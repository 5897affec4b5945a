/** Names without an engine: sandboxes on bare network namespaces, and a data plane that answers in them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../../../lib/command.ts";
import { silentLogger } from "../../../lib/log.ts";
import { DataPlane } from "../../../netns/dataplane/data-plane.ts";
import { type NameRecord, Names, type NamesSandbox } from "../../../netns/dns/index.ts";
import { createNamespace } from "../../../netns/namespace.ts";
import { ip, PrivateNetwork } from "../netns/private-network.ts";

const ANY_EXIT_CODE = Array.from({ length: 256 }, (_, code) => code);

export class NamesFixture implements AsyncDisposable {
  readonly network = PrivateNetwork.enter();
  restarts = 0;
  #dataPlane: DataPlane | undefined;
  #names: Names | undefined;

  static start(): NamesFixture {
    const fixture = new NamesFixture();
    fixture.open();
    return fixture;
  }

  get dataPlane(): DataPlane {
    if (this.#dataPlane === undefined) throw new Error("the engine's side is closed");
    return this.#dataPlane;
  }

  get names(): Names {
    if (this.#names === undefined) throw new Error("the engine's side is closed");
    return this.#names;
  }

  get socketExists(): boolean {
    return existsSync(join(this.network.directory, "dataplane.sock"));
  }

  /** As an engine does when it starts. */
  open(): void {
    this.#dataPlane = new DataPlane({
      runDir: this.network.directory,
      logger: silentLogger,
      onRestart: () => this.restarts++,
    });
    this.#names = Names.open({ dataPlane: this.#dataPlane });
  }

  /** As an engine does when it ends: the process goes on. */
  async close(): Promise<void> {
    await this.#dataPlane?.[Symbol.asyncDispose]();
    this.#dataPlane = undefined;
    this.#names = undefined;
  }

  /** A namespace of the container's, with a loopback interface. @returns what is served there */
  sandbox(containerId: string, change: Partial<NamesSandbox> = {}): NamesSandbox {
    const namespacePath = this.network.namespace(containerId);
    createNamespace(namespacePath, () => void ip("link", "set", "lo", "up"));
    return { ...DEFAULTS, containerId, namespacePath, ...change };
  }

  /** A namespace that has a name server. */
  async serve(containerId: string, change: Partial<NamesSandbox> = {}): Promise<NamesSandbox> {
    const sandbox = this.sandbox(containerId, change);
    await this.names.serve(sandbox);
    return sandbox;
  }

  /** Runs a program in a container's namespace. The test's own servers go on meanwhile. */
  run(containerId: string, ...argv: readonly string[]): Promise<CommandResult> {
    const enter = ["nsenter", `--net=${this.network.namespace(containerId)}`, "--"];
    return runCommand([...enter, ...argv], { timeout: 30_000, expect: ANY_EXIT_CODE });
  }

  /** One question, asked once. @returns what dig prints, or `status: …` with `+short` and no records */
  async dig(containerId: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await this.run(containerId, "dig", "@127.0.0.11", "+tries=1", "+time=6", ...args);
    return stdout.trim();
  }

  /** `NOERROR`, and the records' data, in the order of the answer. */
  async ask(containerId: string, ...args: readonly string[]): Promise<string> {
    const output = await this.dig(containerId, ...args);
    const status = /status: (\w+)/.exec(output)?.[1] ?? "no answer";
    const answers = /;; ANSWER SECTION:\n([^;]*)/.exec(output)?.[1] ?? "";
    return [status, ...answers.split("\n").flatMap((line) => line.split(/\s+/)[4] ?? [])].join(" ");
  }

  /** Runs a program that uses the C library's resolver, with a resolv.conf that leads to our server. */
  resolve(containerId: string, resolvConf: string, ...argv: readonly string[]): Promise<CommandResult> {
    const script = 'printf "$0" > /run/resolv && mount --bind /run/resolv /etc/resolv.conf && exec "$@"';
    const prepared = `mount -t tmpfs tmpfs /run && ${script}`;
    return this.run(containerId, "unshare", "--mount", "sh", "-c", prepared, resolvConf, ...argv);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dataPlane === undefined) this.open();
    await this.dataPlane.end();
    this.network[Symbol.dispose]();
  }
}

const DEFAULTS = {
  networkIds: ["n1"],
  links: {},
  servers: [],
  serversFromHost: true,
  search: [],
  options: [],
  internalOnly: false,
} as const;

export const nameRecord = (containerId: string, change: Partial<NameRecord> = {}): NameRecord => ({
  networkId: "n1",
  networkName: "front",
  containerId,
  names: [containerId],
  running: true,
  ...change,
});
