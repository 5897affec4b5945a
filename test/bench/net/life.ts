/** How long an engine takes to make and remove a network, and to connect and disconnect a running container. */
import { ApiClient } from "../peers/api.ts";
import type { Peer } from "../peers/peer.ts";
import { median, printTable, quantile, timed } from "../statistics.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 20);
const NETWORK = { Name: "bench", CheckDuplicate: true };

export async function compareLife(peers: readonly Peer[]): Promise<void> {
  console.log(`\nnetworks through the Engine API, ${ROUNDS} rounds, milliseconds`);
  const engines = peers.flatMap((peer) => (peer.socket === undefined ? [] : { peer, api: new ApiClient(peer.socket) }));
  const rows = [["operation", "engine", "min", "median", "p90", "ratio to docker"]];
  for (const [title, measure] of OPERATIONS) {
    const times = new Map(engines.map((engine) => [engine, [] as number[]]));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const engine of engines) {
        const time = await measure(engine.api);
        // The first round warms up.
        if (round > 0) times.get(engine)?.push(time);
      }
    }
    const docker = engines.find(({ peer }) => peer.name === "docker");
    const reference = docker === undefined ? undefined : median(times.get(docker) ?? []);
    for (const [{ peer }, values] of times) {
      const ratio = reference === undefined ? "" : (median(values) / reference).toFixed(3);
      const figures = [Math.min(...values), median(values), quantile(values, 0.9)].map((value) => value.toFixed(2));
      rows.push([title, peer.name, ...figures, ratio]);
    }
  }
  for (const { api } of engines) api[Symbol.dispose]();
  printTable(rows);
}

const OPERATIONS: readonly (readonly [string, (api: ApiClient) => Promise<number>])[] = [
  ["create + rm", createAndRemove],
  ["connect + disconnect, live", connectAndDisconnect],
];

function createAndRemove(api: ApiClient): Promise<number> {
  return timed(async () => {
    await api.call("POST", "/v1.41/networks/create", NETWORK);
    await api.call("DELETE", "/v1.41/networks/bench");
  });
}

async function connectAndDisconnect(api: ApiClient): Promise<number> {
  await api.call("POST", "/v1.41/networks/create", NETWORK);
  await api.run("guest", {});
  const time = await timed(async () => {
    await api.call("POST", "/v1.41/networks/bench/connect", { Container: "guest" });
    await api.call("POST", "/v1.41/networks/bench/disconnect", { Container: "guest" });
  });
  await api.remove("guest");
  await api.call("DELETE", "/v1.41/networks/bench");
  return time;
}
