/** A private host where the engine's default places, /run/ctr and /var/lib/ctr, are the host's own. */
import { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";

export async function startHost(): Promise<PrivateHost> {
  const host = await PrivateHost.start();
  for (const place of ["/run", "/var/lib"]) await host.output(["mount", "-t", "tmpfs", "tmpfs", place]);
  return host;
}

/** Lets the engine end by itself, so that it takes its cgroup away, which is the machine's. */
export async function stopHost(host: PrivateHost): Promise<void> {
  try {
    const { stdout: pid } = await host.run(["cat", "/run/ctr/ctrd.pid"]);
    if (pid === "") return;
    await host.run(["kill", "-TERM", pid.trim()]);
    await waitFor("the engine's end", async () => (await host.run(["kill", "-0", pid.trim()])).exitCode !== 0);
  } finally {
    await host[Symbol.asyncDispose]();
  }
}
