/** Throughput and connections: container to container, and the host to a container through a published port. */
import { connectTimes, serveIn, startIn, within } from "../peers/namespace.ts";
import type { Peer } from "../peers/peer.ts";
import { median, printTable } from "../statistics.ts";
import { type Flow, throughputInTurn } from "./throughput.ts";

const SLICES = Number(process.env["TRAFFIC_SLICES"] ?? 60);
const CONNECTION_ROUNDS = 3;
/** One for each flow: an iperf3 serves one at a time. */
const IPERF_PORT = 5201;
const PUBLISHED_IPERF_PORT = 5203;
const TCP_PORT = 5202;
const HOST_PORT = 15_201;

interface Pair {
  readonly peer: Peer;
  readonly client: number;
  readonly server: number;
  readonly serverAddress: string;
}

export async function compareTraffic(peers: readonly Peer[]): Promise<void> {
  console.log(`\ntraffic, medians of ${SLICES} slices of throughput and ${CONNECTION_ROUNDS} rounds of connections`);
  const pairs: Pair[] = [];
  for (const peer of peers) pairs.push(await startPair(peer));
  const direct = await throughputs(pairs.map(betweenContainers));
  const published = await throughputs(pairs.map(throughPort));
  const connections = await compareConnections(pairs);
  printTable([
    ["engine", "container to container Gbit/s", "host to published port Gbit/s", "connections/s", "through a port /s"],
    ...pairs.map(({ peer }, place) => [
      peer.name,
      ...[direct[place], published[place]].map((speed = Number.NaN) => (speed / 1e9).toFixed(2)),
      ...(connections[place] ?? []).map((rate) => rate.toFixed(0)),
    ]),
  ]);
  for (const { peer } of pairs) await peer.run(["rm", "-f", "server", "client"]);
}

/** Two containers on the default network, and servers in the first. */
async function startPair(peer: Peer): Promise<Pair> {
  const ports = ["-p", `${HOST_PORT}:${PUBLISHED_IPERF_PORT}`, "-p", `${HOST_PORT + 1}:${TCP_PORT}`];
  await peer.run(["run", "-d", "--name", "server", ...ports, "busybox", "sleep", "3600"]);
  await peer.run(["run", "-d", "--name", "client", "busybox", "sleep", "3600"]);
  const inspect = (format: string, name: string) => peer.output(["inspect", "--format", format, name]);
  const server = Number(await inspect("{{.State.Pid}}", "server"));
  for (const port of [IPERF_PORT, PUBLISHED_IPERF_PORT]) {
    await startIn(peer, server, ["iperf3", "--server", "--port", String(port), "--forceflush"]);
  }
  await serveIn(peer, server, TCP_PORT);
  return {
    peer,
    client: Number(await inspect("{{.State.Pid}}", "client")),
    server,
    serverAddress: await inspect("{{.NetworkSettings.IPAddress}}", "server"),
  };
}

const betweenContainers = ({ peer, client, server, serverAddress }: Pair): Flow => ({
  ...{ peer, from: within(client), address: serverAddress, port: IPERF_PORT, receiver: server },
});

const throughPort = ({ peer, server }: Pair): Flow => ({
  ...{ peer, from: [], address: "127.0.0.1", port: HOST_PORT, receiver: server },
});

async function throughputs(flows: readonly Flow[]): Promise<number[]> {
  const slices = await throughputInTurn(flows, SLICES);
  return flows.map((flow) => median(slices.get(flow) ?? []));
}

/** @returns connections a second of each pair: between the containers, and from the host through a port */
async function compareConnections(pairs: readonly Pair[]): Promise<number[][]> {
  const rates = pairs.map(() => [[], []] as [number[], number[]]);
  for (let round = 0; round < CONNECTION_ROUNDS; round++) {
    for (const [place, { peer, client, serverAddress }] of pairs.entries()) {
      const [direct, published] = rates[place] ?? [[], []];
      direct.push(1e6 / median(await connectTimes(peer, serverAddress, TCP_PORT, client)));
      published.push(1e6 / median(await connectTimes(peer, "127.0.0.1", HOST_PORT + 1)));
    }
  }
  return rates.map((both) => both.map(median));
}
