import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxRootFileSystem } from "../../../bin/quickstart/busybox-image.ts";
import { runCommand } from "../../../lib/command.ts";
import { PrivateHost } from "../../support/private-host.ts";
import type { Peer } from "./peer.ts";

/** The OCI runtime alone: what no engine on top of it can beat. It knows one command, `run`. */
export async function startRunc(): Promise<Peer> {
  const host = await PrivateHost.start();
  const bundle = join(host.directory, "bundle");
  mkdirSync(join(bundle, "rootfs"), { recursive: true });
  await runCommand(["tar", "-C", join(bundle, "rootfs"), "-xf", "-"], { input: await busyboxRootFileSystem() });
  await runCommand(["runc", "spec", "--bundle", bundle]);
  const path = join(bundle, "config.json");
  const spec = JSON.parse(readFileSync(path, "utf8")) as { process: { terminal: boolean; args: string[] } };
  spec.process.terminal = false;
  let count = 0;
  const output = async (argv: readonly string[]): Promise<string> => {
    spec.process.args = argv.slice(argv.indexOf("busybox") + 1);
    writeFileSync(path, JSON.stringify(spec));
    const state = join(host.directory, "state");
    return host.output(["runc", "--root", state, "run", "--bundle", bundle, `bench-${process.pid}-${count++}`]);
  };
  return {
    name: "runc",
    host,
    run: async (argv) => void (await output(argv)),
    output,
    engineProcesses: async () => [],
    monitorProcesses: async () => [],
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}
