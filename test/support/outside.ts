/** A second host on a cable to an engine's host, and peers that tell who they have seen. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TestEngine } from "./engine.ts";
import { PrivateHost } from "./private-host.ts";

/** Addresses of the cable's two ends (RFC 5737: for documentation, nobody's). */
export const HOST_ADDRESS = "192.0.2.1";
export const OUTSIDE_ADDRESS = "192.0.2.2";

const PEER = join(import.meta.dirname, "../integration/netns/firewall-peer.ts");

/** How long a question waits for an answer that should not come, in milliseconds. */
const SILENCE = 700;

/** Makes a host that reaches the engine's host, and routes its bridge's subnet there. It goes with its `await using`. */
export async function connectOutside(inside: PrivateHost): Promise<PrivateHost> {
  const outside = await PrivateHost.start();
  try {
    await inside.output([
      "ip",
      "link",
      "add",
      "cable",
      "type",
      "veth",
      "peer",
      "cable",
      "netns",
      outside.networkNamespace,
    ]);
    for (const [host, address] of [
      [inside, HOST_ADDRESS],
      [outside, OUTSIDE_ADDRESS],
    ] as const) {
      await host.output(["ip", "address", "add", `${address}/24`, "dev", "cable"]);
      await host.output(["ip", "link", "set", "cable", "up"]);
    }
    await outside.output(["ip", "route", "add", "172.17.0.0/16", "via", HOST_ADDRESS]);
    return outside;
  } catch (error) {
    await outside[Symbol.asyncDispose]();
    throw error;
  }
}

/** Argument vector of a program in a container's network namespace, with the engine's host for the rest. */
export async function inNetworkOf(engine: TestEngine, container: string): Promise<readonly string[]> {
  const pid = await engine.ctrOutput("inspect", "--format", "{{.State.Pid}}", container);
  return ["nsenter", "--target", pid, "--net", "--"];
}

/**
 * Answers on TCP and UDP ports with `<name> saw <address of who asks>`. Ends with its host.
 * @param prefix argument vector that the server's is appended to: {@link inNetworkOf}
 */
export async function serve(
  host: PrivateHost,
  name: string,
  ports: readonly number[],
  prefix: readonly string[] = [],
): Promise<ChildProcess> {
  const server = host.spawn([...prefix, process.execPath, PEER, "serve", name, ...ports.map(String)]);
  if (server.stdout === null) throw new Error("the server has no output");
  await Promise.race([
    once(server.stdout, "data"),
    once(server, "exit").then(() => Promise.reject(new Error(`${name} does not serve`))),
  ]);
  return server;
}

/** @returns the answer, the error's code (`ECONNREFUSED`), or `silence` */
export function ask(
  host: PrivateHost,
  protocol: "tcp" | "udp",
  address: string,
  port: number,
  { prefix = [], patience = 5000 }: { readonly prefix?: readonly string[]; readonly patience?: number } = {},
): Promise<string> {
  return host.output([...prefix, process.execPath, PEER, "ask", protocol, address, String(port), String(patience)]);
}

/** Asks what must stay unanswered. */
export const askInVain = (host: PrivateHost, protocol: "tcp" | "udp", address: string, port: number): Promise<string> =>
  ask(host, protocol, address, port, { patience: SILENCE });
