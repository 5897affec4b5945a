/** A program on a terminal of its own, by script(1): what is typed, what stands on the screen, how it ends. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";

export class TerminalSession implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #screen = "";

  /** @param command a line of shell, run on a terminal of 30 rows and 100 columns */
  constructor(host: PrivateHost, command: string) {
    this.#child = host.spawn(["script", "-qefc", `stty rows 30 cols 100; ${command}`, "/dev/null"]);
    this.#exit = once(this.#child, "exit");
    this.#child.stdout?.on("data", (data: Buffer) => {
      this.#screen += data.toString();
    });
  }

  get screen(): string {
    return this.#screen;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until the screen shows it. */
  async shows(text: string | RegExp): Promise<void> {
    const found = () => (typeof text === "string" ? this.#screen.includes(text) : text.test(this.#screen));
    await waitFor(`${text} on the screen`, found, 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}; the screen: ${JSON.stringify(this.#screen)}`);
    });
  }

  /** The exit code of the command. */
  async exitCode(): Promise<number | null> {
    const [code] = await this.#exit;
    return code as number | null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await this.#exit;
  }
}
