/** The real docker CLI, unchanged, pointed at an engine of the test's own. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { CommandOptions, CommandResult } from "../../../lib/command.ts";
import { TestEngine } from "../../support/engine.ts";
import { busyboxArchive } from "../../support/images.ts";
import { waitFor } from "../../support/wait.ts";

export class DockerClient implements AsyncDisposable {
  readonly engine: TestEngine;

  private constructor(engine: TestEngine) {
    this.engine = engine;
  }

  /** An engine in a private host, with busybox loaded by docker itself. */
  static async start(): Promise<DockerClient> {
    const client = new DockerClient(await TestEngine.start({ busybox: false }));
    await client.output("load", "--quiet", "--input", await busyboxArchive());
    return client;
  }

  /** @returns what docker printed on stdout, without the last newline. @throws unless it exits with 0 */
  async output(...argv: readonly string[]): Promise<string> {
    return (await this.run(argv, { expect: [0] })).stdout.trimEnd();
  }

  /** Any exit code is a result. */
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return this.engine.docker(argv, options);
  }

  /** With another version of the API than the newest. */
  runAs(version: string, ...argv: readonly string[]): Promise<CommandResult> {
    return this.engine.docker(argv, { env: { ...process.env, DOCKER_API_VERSION: version } });
  }

  /**
   * On a terminal of its own with 30 rows and 100 columns, typing only when it is asked for: each text is typed once
   * the program has printed the one before it. The terminal is the client's by then, so that keys reach the container
   * and not the terminal's own line editing.
   */
  async dialogue(
    argv: readonly string[],
    turns: readonly (readonly [printed: string, typed: string])[],
  ): Promise<{ readonly exitCode: number | null; readonly stdout: string }> {
    const child = this.engine.host.spawn(this.#onTerminal(argv));
    const gone = once(child, "exit");
    let stdout = "";
    child.stdout?.on("data", (data: Buffer) => {
      stdout += data.toString();
    });
    try {
      for (const [printed, typed] of turns) {
        await waitFor(`the program to print ${printed}`, () => stdout.includes(printed), 60_000);
        child.stdin?.write(typed);
      }
      const [exitCode] = (await gone) as [number | null];
      return { exitCode, stdout };
    } finally {
      child.kill("SIGKILL");
    }
  }

  /** A docker that goes on. */
  spawn(...argv: readonly string[]): ChildProcess {
    return this.engine.host.spawn([...this.#argv, ...argv]);
  }

  inspect(name: string, format: string): Promise<string> {
    return this.output("inspect", "-f", format, name);
  }

  /** A field, such as `.NetworkSettings.Ports`. */
  async inspectAs<T>(name: string, field: string): Promise<T> {
    return JSON.parse(await this.inspect(name, `{{json ${field}}}`)) as T;
  }

  /** A container that serves its own name on port 80. */
  serve(name: string, ...options: readonly string[]): Promise<string> {
    return this.output("run", "-d", "--name", name, ...options, "busybox", ...serverOf(name));
  }

  async removeContainers(): Promise<void> {
    const ids = await this.output("ps", "-aq");
    if (ids !== "") await this.output("rm", "-f", ...ids.split("\n"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.engine[Symbol.asyncDispose]();
  }

  #onTerminal(argv: readonly string[]): readonly string[] {
    const command = [...this.#argv, ...argv].join(" ");
    return ["script", "-qec", `stty rows 30 cols 100; ${command}`, "/dev/null"];
  }

  get #argv(): readonly string[] {
    return ["docker", "-H", `unix://${this.engine.socket}`];
  }
}

/** The command of a container that serves this text. */
export function serverOf(text: string, port = 80): string[] {
  return ["sh", "-c", `mkdir -p /www && echo ${text} >/www/index.html && exec httpd -f -p ${port} -h /www`];
}
