/**
 * Limits and statistics: ctr and the real Docker Engine, in turn, each alone in a private host. `COUNT=100` containers,
 * `SECONDS=10` of watching, `PARTS=apply,update,sample,watch` chooses parts; all of them by default.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Cgroups, detectHost, type Limits, startingLimits } from "../../cgroups/index.ts";
import { silentLogger } from "../../lib/log.ts";
import { ApiClient } from "./peers/api.ts";
import { startCtr } from "./peers/ctr.ts";
import { startDocker } from "./peers/docker.ts";
import type { Peer } from "./peers/peer.ts";
import { usePresent } from "./peers/present.ts";
import { median, printTable, quantile, timed } from "./statistics.ts";

const COUNT = Number(process.env["COUNT"] ?? 100);
const SECONDS = Number(process.env["SECONDS"] ?? 10);
const ROUNDS = Number(process.env["ROUNDS"] ?? 50);
const MEBIBYTE = 1 << 20;

export async function benchLimits(): Promise<void> {
  const chosen = (process.env["PARTS"] ?? "apply,update,sample,watch").split(",");
  const has = (...names: readonly string[]): boolean => names.some((name) => chosen.includes(name));
  if (has("apply")) await measureApplying();
  if (!has("update", "sample", "watch")) return;
  await using stack = new AsyncDisposableStack();
  const peers = await usePresent(stack, [startCtr, startDocker]);
  if (has("update")) await compareUpdates(peers);
  if (!has("sample", "watch")) return;
  for (const peer of peers) await startMany(peer);
  if (has("sample")) await compareSamples(peers);
  if (has("watch")) await compareWatching(peers);
}

/** What a start does to the control groups: makes one in every hierarchy, limits it, and once more when it is prepared. */
async function measureApplying(): Promise<void> {
  console.log("\na group with its limits, microseconds in the engine");
  const cgroups = new Cgroups({ host: detectHost(), parent: `/ctr-bench-${process.pid}`, logger: silentLogger });
  const some: Limits = { memory: 64 * MEBIBYTE, cpus: 0.5, pids: 100 };
  const all: Limits = {
    ...some,
    memorySwap: 96 * MEBIBYTE,
    memoryReservation: 32 * MEBIBYTE,
    cpuShares: 512,
    cpusetCpus: "0",
  };
  const rows = [["limits", "make", "make, limit, and limit again at start (median)", "p90"]];
  for (const [name, limits] of [
    ["none", {}],
    ["-m --cpus --pids-limit", some],
    ["seven limits", all],
  ] as const) {
    const [made, whole]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const begin = performance.now();
      cgroups.create(`g${round}`, startingLimits(limits));
      const afterMaking = performance.now();
      cgroups.update(`g${round}`, limits);
      whole.push((performance.now() - begin) * 1000);
      made.push((afterMaking - begin) * 1000);
    }
    for (let round = 0; round < ROUNDS; round++) await cgroups.remove(`g${round}`);
    rows.push([name, median(made).toFixed(0), median(whole).toFixed(0), quantile(whole, 0.9).toFixed(0)]);
  }
  cgroups.removeParent();
  printTable(rows);
}

async function compareUpdates(peers: readonly Peer[]): Promise<void> {
  console.log(`\nPOST /containers/{id}/update of a running container, ${ROUNDS} rounds, milliseconds`);
  const rows = [["change", "engine", "min", "median", "p90"]];
  const changes: readonly (readonly [string, (round: number) => object])[] = [
    ["memory", (round) => ({ Memory: (64 + round) * MEBIBYTE, MemorySwap: 512 * MEBIBYTE })],
    [
      "memory, CPU, pids",
      (round) => ({ Memory: (64 + round) * MEBIBYTE, CpuQuota: 50_000 + round, PidsLimit: 100 + round }),
    ],
  ];
  for (const [title, change] of changes) {
    for (const peer of peers) {
      using api = clientOf(peer);
      await api.run("updated", { Memory: 64 * MEBIBYTE, MemorySwap: 512 * MEBIBYTE });
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        times.push(await timed(() => api.call("POST", "/v1.41/containers/updated/update", change(round))));
      }
      await api.remove("updated");
      const figures = [Math.min(...times), median(times), quantile(times, 0.9)].map((value) => value.toFixed(2));
      rows.push([title, peer.name, ...figures]);
    }
  }
  printTable(rows);
}

async function startMany(peer: Peer): Promise<void> {
  using api = clientOf(peer);
  const limits = { Memory: 64 * MEBIBYTE, NanoCpus: 5e8, PidsLimit: 100 };
  for (let index = 0; index < COUNT; index++) await api.run(`many-${index}`, limits);
}

/** One reading of all containers, as `ctr stats` and `docker stats` ask for it: ctr in one request, Docker in one a container, which is what its clients do. */
async function compareSamples(peers: readonly Peer[]): Promise<void> {
  console.log(`\none sample of ${COUNT} containers`);
  const rows = [["engine", "CPU time of the engine, ms", "until it is there, ms"]];
  const rounds = 20;
  for (const peer of peers) {
    using api = clientOf(peer);
    const sample = async (): Promise<void> => {
      if (peer.name === "ctr") return void (await api.call("GET", "/ctr/stats?parts=networks,io"));
      const names = Array.from({ length: COUNT }, (_, index) => `many-${index}`);
      await Promise.all(
        names.map((name) => api.call("GET", `/v1.41/containers/${name}/stats?stream=false&one-shot=true`)),
      );
    };
    await sample();
    const times: number[] = [];
    const before = await cpuTime(peer);
    for (let round = 0; round < rounds; round++) {
      // Younger samples are given to everybody who asks.
      await delay(100);
      times.push(await timed(sample));
    }
    const idle = 0.1 * rounds * (await idleShare(peer));
    const used = ((await cpuTime(peer)) - before - idle) / rounds;
    rows.push([peer.name, (1000 * used).toFixed(1), median(times).toFixed(1)]);
  }
  printTable(rows);
}

/** A client that shows all containers once a second. */
async function compareWatching(peers: readonly Peer[]): Promise<void> {
  console.log(`\n${COUNT} containers watched for ${SECONDS} s, per cent of one CPU`);
  const rows = [["engine", "client", "engine", "client"]];
  const share = (seconds: number): string => `${((seconds / SECONDS) * 100).toFixed(1)} %`;
  for (const peer of peers) {
    const clients: readonly (readonly [string, readonly string[]])[] = [
      ...(peer.name === "ctr"
        ? ([
            ["ctr stats", [...ownClient(peer), "stats"]],
            ["ctr limit watch", [...ownClient(peer), "limit", "watch"]],
          ] as const)
        : []),
      ["docker stats", ["docker", "-H", `unix://${peer.socket}`, "stats"]],
    ];
    rows.push([peer.name, "nobody", share((await idleShare(peer)) * SECONDS), "–"]);
    for (const [name, argv] of clients) {
      const client = peer.host.spawn(argv);
      client.stdout?.resume();
      await once(client.stdout ?? client, "data");
      await delay(2000);
      const [engineBefore, clientBefore] = [await cpuTime(peer), cpuTimeOf(pidOf(client))];
      await delay(SECONDS * 1000);
      const [engine, own] = [(await cpuTime(peer)) - engineBefore, cpuTimeOf(pidOf(client)) - clientBefore];
      const gone = once(client, "close");
      // The docker client does not end by its first SIGTERM.
      client.kill("SIGKILL");
      await gone;
      rows.push([peer.name, name, share(engine), share(own)]);
    }
  }
  printTable(rows);
}

function clientOf({ name, socket }: Peer): ApiClient {
  if (socket === undefined) throw new Error(`${name} has no API`);
  return new ApiClient(socket);
}

const ownClient = ({ socket }: Peer): string[] => [`${import.meta.dirname}/../../bin/ctr`, "-H", `unix://${socket}`];

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("the client did not start");
  return pid;
}

/** Seconds of CPU time that the engine's processes have used. */
const cpuTime = async (peer: Peer): Promise<number> =>
  (await peer.engineProcesses()).map(cpuTimeOf).reduce((sum, seconds) => sum + seconds, 0);

/** USER_HZ is 100 on every Linux architecture. */
function cpuTimeOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Part of a CPU that the engine uses while nobody asks. */
async function idleShare(peer: Peer): Promise<number> {
  const before = await cpuTime(peer);
  await delay(5000);
  return ((await cpuTime(peer)) - before) / 5;
}
