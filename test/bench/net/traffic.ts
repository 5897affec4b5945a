/** Throughput and connections: container to container, and the host to a container through a published port. */
import { connectTimes, serveIn, startIn, within } from "../peers/namespace.ts";
import type { Peer } from "../peers/peer.ts";
import { median, printTable } from "../statistics.ts";

const ROUNDS = Number(process.env["TRAFFIC_ROUNDS"] ?? 3);
const SECONDS = 3;
const IPERF_PORT = 5201;
const TCP_PORT = 5202;
const HOST_PORT = 15_201;

interface Pair {
  readonly peer: Peer;
  readonly client: number;
  readonly serverAddress: string;
}

export async function compareTraffic(peers: readonly Peer[]): Promise<void> {
  console.log(`\ntraffic, medians of ${ROUNDS} rounds`);
  const pairs: Pair[] = [];
  for (const peer of peers) pairs.push(await startPair(peer));
  const rows = [
    ["engine", "container to container Gbit/s", "host to published port Gbit/s", "connections/s", "through a port /s"],
  ];
  const results = new Map(pairs.map((pair) => [pair, [[], [], [], []] as number[][]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const pair of pairs) {
      const { peer, client, serverAddress } = pair;
      const figures = [
        await throughput(peer, within(client), serverAddress, IPERF_PORT),
        await throughput(peer, [], "127.0.0.1", HOST_PORT),
        1e6 / median(await connectTimes(peer, serverAddress, TCP_PORT, client)),
        1e6 / median(await connectTimes(peer, "127.0.0.1", HOST_PORT + 1)),
      ];
      for (const [place, figure] of figures.entries()) results.get(pair)?.[place]?.push(figure);
    }
  }
  for (const [{ peer }, [direct = [], published = [], ...connections]] of results) {
    const speeds = [direct, published].map((values) => (median(values) / 1e9).toFixed(2));
    rows.push([peer.name, ...speeds, ...connections.map((values) => median(values).toFixed(0))]);
    await peer.run(["rm", "-f", "server", "client"]);
  }
  printTable(rows);
}

/** Two containers on the default network, and servers in the first. */
async function startPair(peer: Peer): Promise<Pair> {
  const ports = ["-p", `${HOST_PORT}:${IPERF_PORT}`, "-p", `${HOST_PORT + 1}:${TCP_PORT}`];
  await peer.run(["run", "-d", "--name", "server", ...ports, "busybox", "sleep", "3600"]);
  await peer.run(["run", "-d", "--name", "client", "busybox", "sleep", "3600"]);
  const inspect = (format: string, name: string) => peer.output(["inspect", "--format", format, name]);
  const pid = Number(await inspect("{{.State.Pid}}", "server"));
  await startIn(peer, pid, ["iperf3", "--server", "--forceflush"]);
  await serveIn(peer, pid, TCP_PORT);
  return {
    peer,
    client: Number(await inspect("{{.State.Pid}}", "client")),
    serverAddress: await inspect("{{.NetworkSettings.IPAddress}}", "server"),
  };
}

/** Bits per second, one stream. */
async function throughput(peer: Peer, prefix: readonly string[], address: string, port: number): Promise<number> {
  const argv = [...prefix, "iperf3", "--client", address, "--port", String(port), "--time", String(SECONDS), "--json"];
  const report = JSON.parse(await peer.host.output(argv)) as { end: { sum_received: { bits_per_second: number } } };
  return report.end.sum_received.bits_per_second;
}
