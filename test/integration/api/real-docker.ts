/** The real Docker Engine in a private host, driven by the real docker CLI: what ours is compared with. */
import { join } from "node:path";
import type { CommandOptions, CommandResult } from "../../../lib/command.ts";
import { busyboxArchive } from "../../support/images.ts";
import { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";

export type Docker = (...argv: readonly string[]) => Promise<CommandResult>;

export class RealDocker implements AsyncDisposable {
  readonly host: PrivateHost;
  readonly docker: Docker;

  private constructor(host: PrivateHost, docker: Docker) {
    this.host = host;
    this.docker = docker;
  }

  /**
   * With busybox loaded.
   * @param options of its client
   */
  static async start(options: CommandOptions = {}): Promise<RealDocker> {
    const host = await PrivateHost.start();
    const socket = join(host.directory, "docker.sock");
    const roots = ["--data-root", join(host.directory, "data"), "--exec-root", join(host.directory, "run")];
    const flags = [...roots, "-H", `unix://${socket}`, "-p", join(host.directory, "docker.pid")];
    // Docker keeps state under /run/docker besides its exec-root; containerd's sockets must be this host's own.
    const setUp = `mount -t tmpfs tmpfs /run && exec dockerd "$@" >${host.directory}/log 2>&1`;
    host.spawn(["sh", "-c", setUp, "sh", ...flags]);
    const docker: Docker = (...argv) => host.run(["docker", "-H", `unix://${socket}`, ...argv], options);
    await waitFor("dockerd", async () => (await docker("version")).exitCode === 0, 60_000);
    await docker("load", "-i", await busyboxArchive());
    return new RealDocker(host, docker);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ids = (await this.docker("ps", "-aq")).stdout.split("\n").filter((id) => id !== "");
    if (ids.length > 0) await this.docker("rm", "-f", ...ids);
    await this.host[Symbol.asyncDispose]();
  }
}

/**
 * Ids are each engine's own. So is the request that refuses: the CLI adds a line about its help to what `create` refuses,
 * none to what `start` does (an unknown network: ours looks at it at once). Old CLIs log, or not, that they waited, and a
 * containerd before 2.0 ends the runtime's words with a kind of failure.
 */
export function comparable({ exitCode, stdout, stderr }: CommandResult): readonly (number | string | null)[] {
  const general = (text: string): string =>
    text
      .replace(/\b([0-9a-f]{64}|[0-9a-f]{12})\b/g, "<id>")
      .replace(/^time=".*\n/gm, "")
      .replace("failed to set up container networking: network", "network")
      .replace(/: unknown(?=\.?\r?$)/gm, "")
      .replace(/^(See|Run) 'docker run --help'.*\n|^\n(?=Run 'docker run --help')/gm, "");
  return [exitCode, general(stdout), general(stderr)];
}
