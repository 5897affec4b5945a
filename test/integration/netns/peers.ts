/** Programs in the sandboxes of an {@link EngineFixture} that ask each other who is asking. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { runCommand } from "../../../lib/command.ts";
import type { Endpoint } from "../../../netns/index.ts";
import type { EngineFixture } from "./engine-fixture.ts";

const PEER = join(import.meta.dirname, "firewall-peer.ts");
/** Milliseconds that an answer may take, and after which silence is silence. */
const PATIENCE = 10_000;
const SILENCE = 500;

/** `undefined` is the host. */
type Place = Pick<Endpoint, "containerId"> | undefined;

export class Peers implements AsyncDisposable {
  readonly #fixture: EngineFixture;
  readonly #servers: ChildProcess[] = [];

  constructor(fixture: EngineFixture) {
    this.#fixture = fixture;
  }

  /** Answers on TCP and UDP ports with `<name> saw <address of who asks>`. */
  async serve(place: Place, name: string, ...ports: readonly number[]): Promise<void> {
    const [program = "", ...args] = [...this.#argv(place), process.execPath, PEER, "serve", name, ...ports.map(String)];
    const server = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#servers.push(server);
    if (server.stdout === null) throw new Error("no output");
    await once(server.stdout, "data");
  }

  /** @returns the answer, or the code of the error */
  ask(from: Place, address: string, port: number, protocol: "tcp" | "udp" = "tcp"): Promise<string> {
    return this.#ask(from, address, port, protocol, PATIENCE);
  }

  /** For what must not be answered: waits less. @returns `silence` when nothing comes back */
  askInVain(from: Place, address: string, port: number, protocol: "tcp" | "udp" = "tcp"): Promise<string> {
    return this.#ask(from, address, port, protocol, SILENCE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      if (server.exitCode !== null || server.signalCode !== null) continue;
      server.kill("SIGKILL");
      await once(server, "exit");
    }
  }

  async #ask(from: Place, address: string, port: number, protocol: string, patience: number): Promise<string> {
    const ask = [process.execPath, PEER, "ask", protocol, address, String(port), String(patience)];
    const { stdout } = await runCommand([...this.#argv(from), ...ask] as [string, ...string[]], { timeout: 60_000 });
    return stdout.trim();
  }

  #argv(place: Place): string[] {
    if (place === undefined) return [];
    const path = this.#fixture.engine.sandboxOf(place.containerId)?.namespacePath;
    if (path === undefined) throw new Error(`no sandbox of ${place.containerId}`);
    return ["nsenter", `--net=${path}`, "--"];
  }
}
