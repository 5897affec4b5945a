/**
 * How fast a container starts: `run --rm busybox true` by ctr, the real Docker Engine, podman and bare runc, in turn, so
 * that all meet the same state of the machine. Then twenty starts at once, and the memory of twenty containers.
 */
import { startCtr } from "./peers/ctr.ts";
import { startDocker } from "./peers/docker.ts";
import type { Peer } from "./peers/peer.ts";
import { startPodman } from "./peers/podman.ts";
import { usePresent } from "./peers/present.ts";
import { proportionalSetSize, residentSetSize } from "./peers/processes.ts";
import { startRunc } from "./peers/runc.ts";
import { median, printTable, quantile, timed } from "./statistics.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 20);
const AT_ONCE = 20;

export async function benchStart(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const peers = await usePresent(stack, [startCtr, startDocker, startPodman, startRunc]);

  await compareSingleStarts(peers);
  const engines = peers.filter(({ name }) => name === "ctr" || name === "docker");
  await compareManyAtOnce(engines);
  await compareMemory(engines);
}

async function compareSingleStarts(peers: readonly Peer[]): Promise<void> {
  console.log(`\nrun --rm busybox true, ${ROUNDS} rounds, milliseconds`);
  const commands: readonly (readonly [string, readonly string[]])[] = [
    ["run --rm", ["run", "--rm", "busybox", "true"]],
    ["run --rm --network none", ["run", "--rm", "--network", "none", "busybox", "true"]],
  ];
  const rows = [["command", "engine", "min", "median", "p90", "ratio to docker"]];
  for (const [title, argv] of commands) {
    const times = new Map(peers.map((peer) => [peer, [] as number[]]));
    for (const peer of peers) await peer.run(argv);
    for (let round = 0; round < ROUNDS; round++) {
      for (const peer of peers) times.get(peer)?.push(await timed(() => peer.run(argv)));
    }
    const docker = peers.find(({ name }) => name === "docker");
    const reference = docker === undefined ? undefined : median(times.get(docker) ?? []);
    for (const [peer, values] of times) {
      const ratio = reference === undefined ? "" : (median(values) / reference).toFixed(2);
      const figures = [Math.min(...values), median(values), quantile(values, 0.9)].map((value) => value.toFixed(1));
      rows.push([title, peer.name, ...figures, ratio]);
    }
  }
  printTable(rows);
}

async function compareManyAtOnce(peers: readonly Peer[]): Promise<void> {
  console.log(`\n${AT_ONCE} starts at once, milliseconds until the last has ended`);
  const rows = [["engine", "time"]];
  for (const peer of peers) {
    const all = () => Promise.all(Array.from({ length: AT_ONCE }, () => peer.run(["run", "--rm", "busybox", "true"])));
    rows.push([peer.name, (await timed(all)).toFixed(0)]);
  }
  printTable(rows);
}

async function compareMemory(peers: readonly Peer[]): Promise<void> {
  console.log(`\nmemory with ${AT_ONCE} running containers, MB`);
  const rows = [["engine", "engine (resident)", "per container outside it (proportional)"]];
  for (const peer of peers) {
    for (let i = 0; i < AT_ONCE; i++)
      await peer.run(["run", "-d", "--name", `sleeper-${i}`, "busybox", "sleep", "600"]);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / 1e6;
    const engine = sum((await peer.engineProcesses()).map(residentSetSize));
    const monitors = sum((await peer.monitorProcesses()).map(proportionalSetSize));
    rows.push([peer.name, engine.toFixed(1), (monitors / AT_ONCE).toFixed(2)]);
    await peer.run(["rm", "-f", ...Array.from({ length: AT_ONCE }, (_, i) => `sleeper-${i}`)]);
  }
  printTable(rows);
}
