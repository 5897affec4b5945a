/** Who has to reach whom, and who must not: by networks, grants and published ports. Pure. */
import {
  type Endpoint,
  HOST,
  type IntendedContainer,
  type Intent,
  type Network,
  OUTSIDE,
  type PublishedPort,
  type SnapshotView,
} from "../../netns/index.ts";
import { isLoopback } from "./addresses.ts";
import type { MatrixPair } from "./matrix-report.ts";

export type IntendedPair = Pick<MatrixPair, "from" | "to" | "kind" | "expected" | "because">;

/** Of a container that offers many, so many are tried. */
const MOST_PORTS = 3;

/** @param containers those that it is about, as source or destination; all when absent */
export function intendedPairs(view: SnapshotView, containers?: readonly IntendedContainer[]): IntendedPair[] {
  const { intent } = view.snapshot;
  const running = owners(intent.containers.filter(({ namespace }) => namespace !== undefined && namespace !== HOST));
  const concerns = (...ends: readonly IntendedContainer[]): boolean =>
    containers === undefined || ends.some(({ id }) => containers.some((one) => one.id === id));
  const between = running.flatMap((from) =>
    running
      .filter((to) => to.id !== from.id && concerns(from, to))
      .flatMap((to) => targetsOf(to, view).map((target) => containerPair(from, to, target, intent))),
  );
  const single = running.filter((one) => concerns(one));
  return [
    ...between,
    ...single.flatMap((to) =>
      targetsOf(to, view)
        .slice(0, 1)
        .map((target) => fromHost(to, target, intent)),
    ),
    ...single.map((from) => toOutside(from, intent)),
    ...single.flatMap((to) => to.ports.flatMap((port) => published(to, port))),
    ...single.flatMap((from) => namesFor(from, running)),
  ];
}

/** Containers in one network namespace are one place. */
function owners(containers: readonly IntendedContainer[]): IntendedContainer[] {
  return containers.filter(
    ({ id, namespace }) => id === namespace || !containers.some((other) => other.id === namespace),
  );
}

interface PortTarget {
  /** `:80`, `:53/udp`, `/icmp`. */
  readonly suffix: string;
  readonly protocol: string;
  readonly port: number;
}

/** Ports that it listens on; whether it answers at all where there is none. */
function targetsOf(container: IntendedContainer, view: SnapshotView): PortTarget[] {
  const sockets = view.namespace(container.namespace ?? "")?.sockets ?? [];
  const ports = sockets
    .filter(({ protocol, state, address }) => protocol === "tcp" && state === "listen" && !isLoopback(address))
    .map(({ port }) => port);
  const chosen = [...new Set(ports)].sort((one, other) => one - other).slice(0, MOST_PORTS);
  if (chosen.length === 0) return [{ suffix: "/icmp", protocol: "icmp", port: 0 }];
  return chosen.map((port) => ({ suffix: `:${port}`, protocol: "tcp", port }));
}

function containerPair(
  from: IntendedContainer,
  to: IntendedContainer,
  target: PortTarget,
  intent: Intent,
): IntendedPair {
  const pair = { from: from.name, to: `${to.name}${target.suffix}`, kind: "container" } as const;
  const shared = sharedNetwork(from, to, intent);
  if (shared !== undefined && hasIcc(shared, intent)) {
    return { ...pair, expected: "reachable", because: `both are on network ${shared.name}` };
  }
  const grant = intent.grants.find((one) => covers(one, from, to, target));
  if (grant !== undefined) {
    return { ...pair, expected: "reachable", because: `ctr net allow ${grant.from.name} ${grant.to.name}` };
  }
  const open = to.endpoints.flatMap(({ networkId }) => networkOf(networkId, intent) ?? []).find(isUnprotected);
  if (shared === undefined && open !== undefined && !isInternalOnly(from, intent)) {
    return { ...pair, expected: "reachable", because: `network ${open.name} is open: ${GATEWAY_MODE}=nat-unprotected` };
  }
  const because =
    shared === undefined
      ? "they are on different networks"
      : `network ${shared.name} keeps its containers apart: ${ICC}=false`;
  return { ...pair, expected: "unreachable", because };
}

const ICC = "enable_icc";
const GATEWAY_MODE = "gateway_mode";
const OPTION = "com.docker.network.bridge.";

const networkOf = (id: string, { networks }: Intent): Network | undefined => networks.find((one) => one.id === id);

function sharedNetwork(from: IntendedContainer, to: IntendedContainer, intent: Intent): Network | undefined {
  const shared = to.endpoints.find(
    (endpoint) => hasAddress(endpoint) && from.endpoints.some(({ networkId }) => networkId === endpoint.networkId),
  );
  return shared === undefined ? undefined : networkOf(shared.networkId, intent);
}

const hasAddress = ({ address, address6 }: Endpoint): boolean => address !== "" || address6 !== "";

/** Of the default bridge the engine's configuration decides, unless the network has an option of its own. */
function hasIcc({ name, options }: Network, { settings }: Intent): boolean {
  const option = options[`${OPTION}${ICC}`];
  return option === undefined ? name !== "bridge" || settings.icc : option !== "false";
}

const isUnprotected = ({ options }: Network): boolean =>
  [4, 6].some((family) => options[`${OPTION}${GATEWAY_MODE}_ipv${family}`] === "nat-unprotected");

function covers(
  { from, to, protocol, port, both }: Intent["grants"][number],
  source: IntendedContainer,
  destination: IntendedContainer,
  target: PortTarget,
): boolean {
  const is = (end: typeof from, { id, endpoints }: IntendedContainer): boolean =>
    end.kind === "container" ? end.id === id : endpoints.some(({ networkId }) => networkId === end.id);
  const direct = is(from, source) && is(to, destination);
  const fits = port === undefined || (port === target.port && (protocol ?? "tcp") === target.protocol);
  return (direct && fits) || (both && port === undefined && is(to, source) && is(from, destination));
}

const isInternalOnly = ({ endpoints }: IntendedContainer, intent: Intent): boolean =>
  endpoints.every(({ networkId }) => networkOf(networkId, intent)?.internal !== false);

function fromHost(to: IntendedContainer, { suffix }: PortTarget, intent: Intent): IntendedPair {
  const pair = { from: HOST, to: `${to.name}${suffix}`, kind: "host" } as const;
  const networks = to.endpoints.flatMap(({ networkId }) => networkOf(networkId, intent) ?? []);
  const near = networks.find(({ driver, options, internal }) => {
    const mode = options[`${OPTION}${GATEWAY_MODE}_ipv4`];
    return driver === "bridge" && !(internal && mode === "isolated");
  });
  if (near !== undefined) return { ...pair, expected: "reachable", because: `the host is on network ${near.name}` };
  const [first] = networks;
  const because = first === undefined ? "it has no network" : `the host has no address on network ${first.name}`;
  return { ...pair, expected: "unreachable", because };
}

function toOutside(from: IntendedContainer, intent: Intent): IntendedPair {
  const pair = { from: from.name, to: OUTSIDE, kind: "outside" } as const;
  if (isInternalOnly(from, intent)) {
    const because = from.endpoints.length === 0 ? "it has no network" : "all its networks are internal";
    return { ...pair, expected: "unreachable", because };
  }
  return { ...pair, expected: "reachable", because: "it has a network that leads out" };
}

function published({ name }: IntendedContainer, port: PublishedPort): IntendedPair[] {
  const { hostIp, hostPort, containerPort, protocol } = port;
  const suffix = protocol === "tcp" ? "" : `/${protocol}`;
  // The same port of the other family, and what cannot be tried.
  if (hostIp === "::" || protocol === "sctp") return [];
  const to = hostIp === "0.0.0.0" ? `:${hostPort}${suffix}` : `${bracketed(hostIp)}:${hostPort}${suffix}`;
  const because = `${name} publishes ${containerPort}/${protocol}`;
  const here: IntendedPair = { from: HOST, to, kind: "published", expected: "reachable", because };
  if (hostIp !== "0.0.0.0") return [here];
  return [here, { from: OUTSIDE, to, kind: "published", expected: "reachable", because }];
}

const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/** On networks of users' own, containers are found by their names. */
function namesFor(from: IntendedContainer, others: readonly IntendedContainer[]): IntendedPair[] {
  const own = from.endpoints.filter(({ networkName }) => networkName !== "bridge").map(({ networkId }) => networkId);
  return others
    .filter(({ id, endpoints }) => id !== from.id && endpoints.some(({ networkId }) => own.includes(networkId)))
    .map(({ name }) => ({
      ...{ from: from.name, to: name, kind: "name", expected: "reachable" },
      because: "names of a network are known on it",
    }));
}
