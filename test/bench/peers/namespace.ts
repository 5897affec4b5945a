/** Programs of the machine, run in the network namespace of a peer's host or of one of its containers. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Peer } from "./peer.ts";

const PROBE = join(import.meta.dirname, "probe.ts");

/** Argument vector prefix for the network namespace of a process. */
export const within = (pid: number): readonly string[] => ["nsenter", "--target", String(pid), "--net", "--"];

/** Starts a program in a container's network and waits for its first output. End it by `kill()`. */
export async function startIn(peer: Peer, pid: number, argv: readonly string[]): Promise<ChildProcess> {
  const child = peer.host.spawn([...within(pid), ...argv]);
  if (child.stdout === null) throw new Error("the program has no output");
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error(`${argv.join(" ")} ended`))),
  ]);
  return child;
}

/** A TCP server that answers each connection with one byte and closes it. */
export const serveIn = (peer: Peer, pid: number, port: number): Promise<ChildProcess> =>
  startIn(peer, pid, [process.execPath, PROBE, "serve", String(port)]);

/** Opens connections one after the other. @returns microseconds of each, from connect to the server's close */
export async function connectTimes(peer: Peer, address: string, port: number, pid?: number): Promise<number[]> {
  const prefix = pid === undefined ? [] : within(pid);
  return JSON.parse(await peer.host.output([...prefix, process.execPath, PROBE, "connect", address, String(port)]));
}
