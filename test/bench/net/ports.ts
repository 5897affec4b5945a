/** What published ports cost: at the start of a container, and while thousands of others are published. */
import { ApiClient } from "../peers/api.ts";
import { connectTimes, serveIn } from "../peers/namespace.ts";
import type { Peer } from "../peers/peer.ts";
import { median, printTable, timed } from "../statistics.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 10);
const OWN_PORTS = [0, 10, 200];
/** Docker starts a process for each port: more than this many of it are not asked for. */
const DOCKER_ROUNDS = 2;
const CROWD = 5000;
const PORTS_A_CONTAINER = 500;

/** @param first host port */
const bindings = (first: number, count: number) => ({
  PortBindings: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${1000 + index}/tcp`, [{ HostPort: String(first + index) }]]),
  ),
});

export async function comparePorts(peers: readonly Peer[]): Promise<void> {
  await compareOwnPorts(peers);
  const ctr = peers.find(({ name }) => name === "ctr");
  if (ctr?.socket !== undefined) await measureCrowd(ctr, new ApiClient(ctr.socket));
}

async function compareOwnPorts(peers: readonly Peer[]): Promise<void> {
  console.log("\nstart of a container by the number of its own published ports, milliseconds, median");
  const rows = [["engine", ...OWN_PORTS.map((count) => `${count} ports`), "200 / 0"]];
  for (const peer of peers) {
    if (peer.socket === undefined) continue;
    using api = new ApiClient(peer.socket);
    const times = new Map(OWN_PORTS.map((count) => [count, [] as number[]]));
    for (let round = 0; round < (peer.name === "docker" ? DOCKER_ROUNDS : ROUNDS); round++) {
      for (const count of OWN_PORTS) times.get(count)?.push(await startTime(api, bindings(20_000, count)));
    }
    const medians = OWN_PORTS.map((count) => median(times.get(count) ?? []));
    rows.push([
      peer.name,
      ...medians.map((value) => value.toFixed(1)),
      ((medians[2] ?? 0) / (medians[0] ?? 1)).toFixed(2),
    ]);
  }
  printTable(rows);
}

/** Of the start alone: the container is made before and removed after. */
async function startTime(api: ApiClient, hostConfig: ReturnType<typeof bindings>): Promise<number> {
  await api.call("POST", "/v1.41/containers/create?name=guest", {
    Image: "busybox",
    Cmd: ["sleep", "600"],
    ExposedPorts: Object.fromEntries(Object.keys(hostConfig.PortBindings).map((port) => [port, {}])),
    HostConfig: hostConfig,
  });
  const time = await timed(() => api.call("POST", "/v1.41/containers/guest/start"));
  await api.remove("guest");
  return time;
}

/** The same container among 10 ports and among 5 000 of others. */
async function measureCrowd(ctr: Peer, api: ApiClient): Promise<void> {
  console.log(`\nctr with few and with ${CROWD} published ports of other containers, median`);
  const rows = [["ports published", "start, 1 port (ms)", "new connection through a port (µs)"]];
  await api.run("server", bindings(19_000, 10));
  const pid = await api.pidOf("server");
  const server = await serveIn(ctr, pid, 1000);
  const measure = async (count: number): Promise<void> => {
    const starts: number[] = [];
    for (let round = 0; round < ROUNDS; round++) starts.push(await startTime(api, bindings(18_000, 1)));
    const connections = await connectTimes(ctr, "127.0.0.1", 19_000);
    rows.push([String(count), median(starts).toFixed(1), median(connections).toFixed(1)]);
  };
  await measure(10);
  const crowd: string[] = [];
  for (let first = 0; first < CROWD; first += PORTS_A_CONTAINER) {
    crowd.push(await api.run(`crowd-${first}`, bindings(20_000 + first, PORTS_A_CONTAINER)));
  }
  await measure(CROWD + 10);
  server.kill();
  await api.remove("server", ...crowd);
  api[Symbol.dispose]();
  printTable(rows);
}
