import { existsSync } from "node:fs";
import { join } from "node:path";
import { busyboxRootFileSystem } from "../../../bin/quickstart/busybox-image.ts";
import { PrivateHost } from "../../support/private-host.ts";
import type { Absent, Peer } from "./peer.ts";
import { processesOf } from "./processes.ts";

/** podman with netavark, without a daemon. */
export async function startPodman(): Promise<Peer | Absent> {
  if (!existsSync("/usr/bin/podman")) return { name: "podman", reason: "package podman is not installed" };
  const host = await PrivateHost.start();
  const roots = ["--root", join(host.directory, "data"), "--runroot", join(host.directory, "run")];
  const settings = ["--cgroup-manager", "cgroupfs", "--runtime", "runc", "--events-backend", "file"];
  const client = ["podman", ...roots, "--network-config-dir", join(host.directory, "networks"), ...settings];
  await host.output([...client, "import", "-c", 'CMD ["sh"]', "-", "busybox:latest"], {
    input: await busyboxRootFileSystem(),
  });
  // Its default limits on open files and processes are above what this host lets any process set.
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];
  const output = ([verb = "", ...rest]: readonly string[]) =>
    host.output([...client, verb, ...(verb === "run" ? limits : []), ...rest]);
  return {
    name: "podman",
    host,
    run: async (argv) => void (await output(argv)),
    output,
    engineProcesses: async () => [],
    monitorProcesses: async () =>
      processesOf(host)
        .filter(({ command }) => command === "conmon")
        .map(({ pid }) => pid),
    [Symbol.asyncDispose]: async () => {
      await host.run([...client, "rm", "--all", "--force", "--time", "0"]);
      await host[Symbol.asyncDispose]();
    },
  };
}
