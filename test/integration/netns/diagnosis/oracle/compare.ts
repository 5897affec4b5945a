/** One random topology: what the model says of each question, and what the kernel does. */
import { spawnSync } from "node:child_process";
import { walk } from "../../../../../netns/diagnosis/model/index.ts";
import { takeSnapshot } from "../../../../../netns/diagnosis/snapshot/index.ts";
import { SnapshotView } from "../../../../../netns/diagnosis/snapshot-view.ts";
import {
  type Death,
  type Flow,
  HOST,
  type Intent,
  OUTSIDE,
  type Snapshot,
  type Walk,
} from "../../../../../netns/diagnosis/types/index.ts";
import { enterNetworkNamespace } from "../../../../../netns/index.ts";
import { createNamespace, removeNamespace } from "../../../../../netns/namespace.ts";
import type { PrivateNetwork } from "../../private-network.ts";
import { type Change, randomChange } from "./changes.ts";
import { ADDRESSES, CLOSED, CONTAINERS, HOSTS, type HostName, healthyScript, LISTENING, PUBLISHED } from "./hosts.ts";
import { askAll, type Protocol, Servers } from "./packets.ts";
import { Random } from "./random.ts";

export interface Comparison {
  readonly seed: number;
  readonly changes: readonly Change[];
  readonly snapshot: Snapshot;
  readonly answers: readonly Answer[];
}

export interface Answer {
  readonly flow: Flow;
  readonly walk: Walk;
  /** Whether a real packet was answered. */
  readonly isReached: boolean;
}

const QUESTIONS = 28;
const MOST_CHANGES = 4;
/** Milliseconds: less than a second, after which TCP sends again. */
const PATIENCE = 350;

export function compare(network: PrivateNetwork, seed: number): Comparison {
  const random = new Random(seed);
  const path = (host: HostName): string => network.namespace(`${host}-${seed}`);
  for (const host of HOSTS) createNamespace(path(host), () => {});
  using servers = new Servers();
  try {
    for (const [host, script] of healthyScript(path)) runIn(path(host), script);
    serve(servers, path);
    const changes = Array.from({ length: random.integer(0, MOST_CHANGES) }, (_, index) => randomChange(random, index));
    for (const { host, script } of changes) runIn(path(host), script);
    const flows = Array.from({ length: QUESTIONS }, () => randomFlow(random));
    const snapshot = snapshotOf(path);
    const view = new SnapshotView(snapshot);
    const questions = flows.map(({ from, destination, destinationPort, protocol, family, size }) => ({
      from: path(hostOf(from)),
      address: destination,
      port: destinationPort,
      protocol: protocol as Protocol,
      length: size === undefined ? 1 : size - (family === 4 ? 28 : 48),
    }));
    const reached = askAll(questions, servers, PATIENCE);
    const answers = flows.map((flow, index) => ({ flow, walk: walk(view, flow), isReached: reached[index] ?? false }));
    return { seed, changes, snapshot, answers };
  } finally {
    for (const host of HOSTS) removeNamespace(path(host));
  }
}

/**
 * Where the model and the kernel say opposite things. Where questions for neighbours are lost there is nothing to compare:
 * all packets are sent at once, and a neighbour may have been heard of through another one.
 */
export function contradictionsIn({ answers }: Comparison): Answer[] {
  if (answers.some(({ walk }) => walk.deaths.some(({ death }) => concernsNeighbours(death)))) return [];
  return answers.filter((answer) => contradicts(answer) && isComparable(answer));
}

const concernsNeighbours = ({ kind, facts }: Death): boolean =>
  facts["protocolArp"] === true || (kind === "neighbour-silent" && facts["key"] !== undefined);

const contradicts = ({ walk: { result }, isReached }: Answer): boolean =>
  result !== "unknown" && (result === "arrives") !== isReached;

/** The outside of the model has every address, the real one its own. */
const isComparable = ({ walk: { arrivesAt }, flow }: Answer): boolean =>
  arrivesAt !== OUTSIDE || ADDRESSES.outside.includes(flow.destination);

/** In the namespace, as a child process. What the kernel refuses is not there then. */
function runIn(path: string, script: string): void {
  enterNetworkNamespace(path, () => {
    spawnSync("sh", ["-c", script], {
      stdio: ["ignore", "ignore", process.env["ORACLE_ERRORS"] ? "inherit" : "ignore"],
    });
  });
}

/** The outside answers everything, as the model takes it to do. */
function serve(servers: Servers, path: (host: HostName) => string): void {
  for (const host of HOSTS) {
    const ports = host === "outside" ? [...LISTENING, CLOSED, PUBLISHED] : LISTENING;
    for (const port of ports) {
      for (const address of host === "b" && port === 90 ? ["127.0.0.1", "::1"] : ["0.0.0.0", "::"]) {
        servers.listen(path(host), "tcp", address, port);
      }
    }
    for (const address of ADDRESSES[host]) {
      for (const port of host === "outside" ? ports : [LISTENING[0]]) servers.listen(path(host), "udp", address, port);
    }
  }
}

const NOTHING: Intent = {
  networks: [],
  containers: [],
  grants: [],
  settings: {
    ipForward: true,
    iptables: true,
    ip6tables: true,
    firewallBackend: "nftables",
    userlandProxy: true,
    icc: true,
  },
};

/** Without intent: the model has the kernel's state alone to go by. The outside is beyond what it sees. */
function snapshotOf(path: (host: HostName) => string): Snapshot {
  const namespacePaths = new Map(Object.keys(CONTAINERS).map((name) => [name, path(name as HostName)]));
  return enterNetworkNamespace(path("host"), () =>
    takeSnapshot({ intent: NOTHING, programs: {}, namespacePaths, ctrVersion: "0" }),
  );
}

const placeOf = (host: HostName): string => (host === "host" ? HOST : host === "outside" ? OUTSIDE : host);

const hostOf = (place: string): HostName => HOSTS.find((host) => placeOf(host) === place) ?? "host";

function randomFlow(random: Random): Flow {
  const from = random.pick(HOSTS);
  const [to, address] = random.pick(targetsOf(from));
  const ports = to === "host" ? [...LISTENING, CLOSED, PUBLISHED, PUBLISHED, PUBLISHED] : [80, 80, 80, 90, CLOSED];
  const destinationPort = random.pick(ports);
  const protocol = random.chance(0.25) ? "udp" : "tcp";
  const family = address.includes(":") ? 6 : 4;
  return {
    from: placeOf(from),
    source: "",
    destination: address,
    family,
    protocol,
    destinationPort,
    sourcePort: 0,
    size: protocol === "udp" && random.chance(0.5) ? random.pick([1300, 1450, 1500]) : undefined,
    to: undefined,
    fromText: from,
    toText: `${to} ${address}:${destinationPort}`,
  };
}

/** The outside knows the host's own address alone. */
function targetsOf(from: HostName): readonly (readonly [HostName, string])[] {
  const all = HOSTS.flatMap((host) => ADDRESSES[host].map((address) => [host, address] as const));
  if (from === "outside") return all.filter(([, address]) => address === "192.0.2.1" || address === "2001:db8::1");
  return from === "host" ? [...all, ["host", "127.0.0.1"], ["host", "::1"]] : all;
}
