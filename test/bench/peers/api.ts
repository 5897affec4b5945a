/** A client of the Engine API on a unix socket: what it measures is the engine, without the start of a command line. */
import { Agent, request } from "node:http";

export class ApiClient implements Disposable {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** @returns the body as JSON; undefined when there is none @throws for every status from 400 */
  call<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const options = { socketPath: this.#socketPath, agent: this.#agent, method, path, headers };
      const call = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const answer = Buffer.concat(chunks).toString();
          const { statusCode = 500 } = response;
          if (statusCode >= 400) reject(new Error(`${method} ${path}: ${statusCode} ${answer}`));
          else resolve((answer.startsWith("{") || answer.startsWith("[") ? JSON.parse(answer) : undefined) as T);
        });
      });
      call.on("error", reject);
      call.end(text);
    });
  }

  /** Makes a container of the busybox image and starts it. @returns its id */
  async run(name: string, hostConfig: object, command: readonly string[] = ["sleep", "3600"]): Promise<string> {
    const { Id } = await this.call<{ Id: string }>("POST", `/v1.41/containers/create?name=${name}`, {
      Image: "busybox",
      Cmd: command,
      HostConfig: hostConfig,
    });
    await this.call("POST", `/v1.41/containers/${Id}/start`);
    return Id;
  }

  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.call("DELETE", `/v1.41/containers/${name}?force=1&v=1`);
  }

  /** Host pid of a container's first process. */
  async pidOf(name: string): Promise<number> {
    const { State } = await this.call<{ State: { Pid: number } }>("GET", `/v1.41/containers/${name}/json`);
    return State.Pid;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
