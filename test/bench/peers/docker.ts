import { existsSync } from "node:fs";
import { join } from "node:path";
import { busyboxRootFileSystem } from "../../../bin/quickstart/busybox-image.ts";
import { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";
import type { Absent, Peer } from "./peer.ts";
import { processesOf } from "./processes.ts";

/** The real Docker Engine (package docker.io). */
export async function startDocker(): Promise<Peer | Absent> {
  if (!existsSync("/usr/sbin/dockerd")) return { name: "docker", reason: "package docker.io is not installed" };
  const host = await PrivateHost.start();
  const socket = join(host.directory, "docker.sock");
  const roots = ["--data-root", join(host.directory, "data"), "--exec-root", join(host.directory, "run")];
  const pidfile = join(host.directory, "docker.pid");
  const flags = [...roots, "-H", `unix://${socket}`, "-p", pidfile];
  // Docker keeps state under /run/docker besides its exec-root; containerd's sockets must be this host's own.
  const setUp = `mount -t tmpfs tmpfs /run && exec dockerd "$@" >${host.directory}/log 2>&1`;
  host.spawn(["sh", "-c", setUp, "sh", ...flags]);
  const client = ["docker", "-H", `unix://${socket}`];
  await waitFor("dockerd", async () => (await host.run([...client, "version"])).exitCode === 0, 60_000);
  await host.output([...client, "import", "-c", 'CMD ["sh"]', "-", "busybox:latest"], {
    input: await busyboxRootFileSystem(),
  });
  const named = async (...names: readonly string[]) =>
    processesOf(host)
      .filter(({ command }) => names.includes(command))
      .map(({ pid }) => pid);
  return {
    name: "docker",
    host,
    socket,
    run: async (argv) => void (await host.output([...client, ...argv])),
    output: (argv) => host.output([...client, ...argv]),
    engineProcesses: () => named("dockerd", "containerd"),
    monitorProcesses: () => named("containerd-shim", "docker-proxy"),
    [Symbol.asyncDispose]: async () => {
      await host.run(["sh", "-c", `${client.join(" ")} ps -aq | xargs -r ${client.join(" ")} rm -f`]);
      await host[Symbol.asyncDispose]();
    },
  };
}
