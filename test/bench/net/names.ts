/** The embedded DNS server: queries per second and latency for names of containers, at equal concurrency. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiClient } from "../peers/api.ts";
import { within } from "../peers/namespace.ts";
import type { Peer } from "../peers/peer.ts";
import { median, printTable, quantile, timed } from "../statistics.ts";

const ROUNDS = Number(process.env["NAMES_ROUNDS"] ?? 3);
const SECONDS = 3;
const CLIENTS = 4;
const NAMES = 5;
/** Queries of the loss test. */
const QUERIES = 10_000;

interface Report {
  readonly perSecond: number;
  readonly averageMs: number;
  readonly lost: number;
}

export async function compareNames(peers: readonly Peer[]): Promise<void> {
  console.log(`\nnames of containers, dnsperf with ${CLIENTS} clients, medians of ${ROUNDS} rounds of ${SECONDS} s`);
  const rows = [["engine", "queries/s", "average ms", "worst p99 ms while containers come and go", "lost"]];
  const probes: Probe[] = [];
  for (const peer of peers) if (peer.socket !== undefined) probes.push(await startProbe(peer, peer.socket));
  const reports = new Map(probes.map((probe) => [probe, [] as Report[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const probe of probes) reports.get(probe)?.push(await queryFor(probe, ["-l", String(SECONDS)]));
  }
  for (const [probe, list] of reports) {
    const busy = await whileContainersComeAndGo(probe);
    rows.push([
      probe.peer.name,
      median(list.map(({ perSecond }) => perSecond)).toFixed(0),
      median(list.map(({ averageMs }) => averageMs)).toFixed(3),
      busy.p99.toFixed(2),
      String(list.reduce((sum, { lost }) => sum + lost, busy.lost)),
    ]);
    await endProbe(probe);
  }
  printTable(rows);
}

interface Probe {
  readonly peer: Peer;
  readonly api: ApiClient;
  readonly pid: number;
  readonly file: string;
}

async function startProbe(peer: Peer, socket: string): Promise<Probe> {
  const api = new ApiClient(socket);
  await api.call("POST", "/v1.41/networks/create", { Name: "names" });
  const names = Array.from({ length: NAMES }, (_, index) => `name-${index}`);
  for (const name of names) await api.run(name, { NetworkMode: "names" });
  const file = join(peer.host.directory, "queries");
  writeFileSync(file, names.map((name) => `${name} A\n`).join(""));
  return { peer, api, pid: await api.pidOf("name-0"), file };
}

async function endProbe({ api }: Probe): Promise<void> {
  await api.remove(...Array.from({ length: NAMES }, (_, index) => `name-${index}`));
  await api.call("DELETE", "/v1.41/networks/names");
  api[Symbol.dispose]();
}

async function queryFor({ peer, pid, file }: Probe, limit: readonly string[]): Promise<Report> {
  const argv = ["dnsperf", "-s", "127.0.0.11", "-d", file, "-c", String(CLIENTS), ...limit];
  return parseReport(await peer.host.output([...within(pid), ...argv]));
}

/** One query at a time every few milliseconds would say little: dnsperf asks at a moderate rate and prints each latency. */
async function whileContainersComeAndGo(probe: Probe): Promise<{ readonly p99: number; readonly lost: number }> {
  const { peer, pid, file, api } = probe;
  const argv = [
    "dnsperf",
    "-s",
    "127.0.0.11",
    "-d",
    file,
    "-c",
    "1",
    "-Q",
    "2000",
    "-n",
    String(QUERIES / NAMES),
    "-v",
  ];
  const asking = peer.host.output([...within(pid), ...argv]);
  let asks = true;
  const done = asking.finally(() => {
    asks = false;
  });
  while (asks) {
    await timed(async () => {
      await api.run("passer-by", { NetworkMode: "names" });
      await api.remove("passer-by");
    });
  }
  const output = await done;
  // `> NOERROR name-1 A 0.000123`
  const latencies = [...output.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map(([, seconds]) => Number(seconds) * 1000);
  return { p99: quantile(latencies, 0.99), lost: parseReport(output).lost };
}

function parseReport(output: string): Report {
  const figure = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  return {
    perSecond: figure(/Queries per second:\s+([\d.]+)/),
    averageMs: figure(/Average Latency \(s\):\s+([\d.]+)/) * 1000,
    lost: figure(/Queries lost:\s+(\d+)/),
  };
}
