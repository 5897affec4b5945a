/** The embedded DNS server: queries per second and latency for names of containers, at equal concurrency. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "../peers/api.ts";
import { within } from "../peers/namespace.ts";
import type { Peer } from "../peers/peer.ts";
import { median, printTable, quantile } from "../statistics.ts";

const ROUNDS = Number(process.env["NAMES_ROUNDS"] ?? 3);
const SECONDS = 3;
const CLIENTS = 4;
const NAMES = 5;
/** Clients that ask while containers come and go. */
const CONCURRENCIES = [1, 4, 16];
/** Of all clients together, so that what is measured is the wait and not the load. */
const QUERIES_A_SECOND = 2000;
const QUERIES = 4_000;
/** Milliseconds from one start to the next, which the slower engine keeps up with; and as fast as each can. */
const PACES = [600, 0];

interface BusyReport {
  readonly p99: number;
  readonly starts: number;
  readonly lost: number;
}

interface Report {
  readonly perSecond: number;
  readonly averageMs: number;
  readonly lost: number;
}

export async function compareNames(peers: readonly Peer[]): Promise<void> {
  const probes: Probe[] = [];
  for (const peer of peers) if (peer.socket !== undefined) probes.push(await startProbe(peer, peer.socket));
  await compareRates(probes);
  for (const pace of PACES) await compareWaits(probes, pace);
  for (const probe of probes) await endProbe(probe);
}

async function compareRates(probes: readonly Probe[]): Promise<void> {
  console.log(`\nnames of containers, dnsperf with ${CLIENTS} clients, medians of ${ROUNDS} rounds of ${SECONDS} s`);
  const reports = new Map(probes.map((probe) => [probe, [] as Report[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const probe of probes) reports.get(probe)?.push(await queryFor(probe, ["-l", String(SECONDS)]));
  }
  const rows = [["engine", "queries/s", "average ms", "lost"]];
  for (const [{ peer }, list] of reports) {
    rows.push([
      peer.name,
      median(list.map(({ perSecond }) => perSecond)).toFixed(0),
      median(list.map(({ averageMs }) => averageMs)).toFixed(3),
      String(list.reduce((sum, { lost }) => sum + lost, 0)),
    ]);
  }
  printTable(rows);
}

/** In turn, so that all meet the same state of the machine. */
async function compareWaits(probes: readonly Probe[], pace: number): Promise<void> {
  const coming = pace === 0 ? "come and go as fast as each engine can" : `come and go every ${pace} ms`;
  console.log(`\np99 at ${QUERIES_A_SECOND} queries/s while containers ${coming}, milliseconds, each round`);
  const rows = [["engine", "clients", "p99", "median", "starts", "lost"]];
  for (const clients of CONCURRENCIES) {
    const reports = new Map(probes.map((probe) => [probe, [] as BusyReport[]]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const probe of probes) reports.get(probe)?.push(await whileContainersComeAndGo(probe, clients, pace));
    }
    for (const [{ peer }, list] of reports) {
      const sum = (figure: (report: BusyReport) => number) => list.reduce((total, report) => total + figure(report), 0);
      const waits = list.map(({ p99 }) => p99);
      const [starts, lost] = [sum((report) => report.starts), sum((report) => report.lost)].map(String);
      rows.push([
        ...[peer.name, String(clients), waits.map((wait) => wait.toFixed(2)).join(", "), median(waits).toFixed(2)],
        ...[starts ?? "", lost ?? ""],
      ]);
    }
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
async function whileContainersComeAndGo(probe: Probe, clients: number, pace: number): Promise<BusyReport> {
  const { peer, pid, file, api } = probe;
  const argv = [
    ...["dnsperf", "-s", "127.0.0.11", "-d", file, "-c", String(clients)],
    ...["-Q", String(QUERIES_A_SECOND), "-n", String(QUERIES / NAMES), "-v"],
  ];
  const asking = peer.host.output([...within(pid), ...argv]);
  let asks = true;
  const done = asking.finally(() => {
    asks = false;
  });
  let starts = 0;
  for (; asks; starts++) {
    const next = performance.now() + pace;
    await api.run("passer-by", { NetworkMode: "names" });
    await api.remove("passer-by");
    while (asks && performance.now() < next) await sleep(20);
  }
  const output = await done;
  // `> NOERROR name-1 A 0.000123`
  const latencies = [...output.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map(([, seconds]) => Number(seconds) * 1000);
  return { p99: quantile(latencies, 0.99), starts, lost: parseReport(output).lost };
}

function parseReport(output: string): Report {
  const figure = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  return {
    perSecond: figure(/Queries per second:\s+([\d.]+)/),
    averageMs: figure(/Average Latency \(s\):\s+([\d.]+)/) * 1000,
    lost: figure(/Queries lost:\s+(\d+)/),
  };
}
