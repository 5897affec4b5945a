/**
 * Throughput of several flows in turn, a fraction of a second each. A machine's speed drifts by a fifth within seconds: whole
 * runs one after the other would compare the drift.
 */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../support/wait.ts";
import type { Peer } from "../peers/peer.ts";

/** Milliseconds: of each slice, and before it until the flow is at its speed again. */
const SLICE = 240;
const WARM_UP = 60;

export interface Flow {
  readonly peer: Peer;
  /** Prefix that runs a program where the client is, see `within`. */
  readonly from: readonly string[];
  readonly address: string;
  readonly port: number;
  /** Process in the network namespace that receives. */
  readonly receiver: number;
}

/** @returns bits per second of each slice, by flow; one TCP stream by iperf3 */
export async function throughputInTurn(flows: readonly Flow[], slices: number): Promise<Map<Flow, number[]>> {
  await using stack = new AsyncDisposableStack();
  const clients = new Map<Flow, ChildProcess>();
  for (const flow of flows) {
    const before = receivedBytes(flow.receiver);
    const client = startClient(flow);
    stack.defer(() => void client.kill("SIGKILL"));
    await waitFor("a megabyte", () => receivedBytes(flow.receiver) > before + 1e6);
    client.kill("SIGSTOP");
    clients.set(flow, client);
  }
  const results = new Map(flows.map((flow) => [flow, [] as number[]]));
  for (let slice = 0; slice < slices; slice++) {
    for (const [flow, client] of slice % 2 === 0 ? clients : [...clients].reverse()) {
      client.kill("SIGCONT");
      await sleep(WARM_UP);
      results.get(flow)?.push(await speedNow(flow));
      client.kill("SIGSTOP");
    }
  }
  return results;
}

const startClient = ({ peer, from, address, port }: Flow): ChildProcess =>
  peer.host.spawn([...from, "iperf3", "--client", address, "--port", String(port), "--time", "600"]);

async function speedNow({ receiver }: Flow): Promise<number> {
  const before = receivedBytes(receiver);
  const start = performance.now();
  await sleep(SLICE);
  const bytes = receivedBytes(receiver) - before;
  return (bytes * 8 * 1000) / (performance.now() - start);
}

/** What eth0 of a process has received, see proc_net_dev in proc(5). */
function receivedBytes(pid: number): number {
  const line = readFileSync(`/proc/${pid}/net/dev`, "utf8").match(/^ *eth0: *(\d+)/m);
  if (line === null) throw new Error(`process ${pid} has no eth0`);
  return Number(line[1]);
}
