/** A server of the API on a socket of its own, with an engine in memory behind it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../lib/log.ts";
import { ApiServer } from "../../../runtime/api/index.ts";
import { type MemoryEngine, memoryEngine } from "./memory-engine.ts";

export const JSON_TYPE = { "Content-Type": "application/json" };

/** A request without its body, as it goes over the wire. @param headers lines, each with its end */
export const head = (method: string, path: string, headers = ""): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ctr\r\n${headers}\r\n`;

export class ApiHost implements AsyncDisposable {
  /** For the test's files, removed at the end. */
  readonly directory = mkdtempSync(join(tmpdir(), "ctr-api-"));
  readonly socket = join(this.directory, "run/ctr.sock");
  readonly engine: MemoryEngine = memoryEngine();
  readonly server = new ApiServer(this.engine, silentLogger);

  static async start(): Promise<ApiHost> {
    const host = new ApiHost();
    await host.server.listen([`unix://${host.socket}`]);
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
