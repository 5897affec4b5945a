/** What both ends stand for: the flows that a program would try, or why there are none. */
import { isIP } from "node:net";
import { invalid, notFound } from "../../lib/errors.ts";
import { nearest } from "../../lib/nearest.ts";
import {
  type Finding,
  type Flow,
  HOST,
  type IntendedContainer,
  type NameLookup,
  namelessNetwork,
  OUTSIDE,
  type Place,
  type SnapshotView,
} from "../../netns/index.ts";
import {
  containerAddressesFrom,
  familiesOf,
  hostAddressesFrom,
  isLoopback,
  listens,
  publishersOf,
} from "./addresses.ts";
import { hasNoNetwork, notRunning } from "./end-findings.ts";
import { type DestinationEnd, parseDestination, parseSource } from "./ends.ts";
import { outsideTarget } from "./outside.ts";

export interface EndsRequest {
  readonly from: string;
  readonly to: string;
  /** What `outside` stands for: `address` or `address:port`. */
  readonly outside?: string | undefined;
  readonly size?: number | undefined;
}

export interface ResolveTools {
  readonly view: SnapshotView;
  /** Asks as the programs of that place would; undefined where nobody can be asked (a bundle). */
  readonly lookUp: ((name: string, place: Place) => Promise<NameLookup>) | undefined;
}

export interface ResolvedEnds {
  /** One a family, IPv4 first. Empty when there is nobody at one of the ends: the findings or the look-up tell why. */
  readonly flows: readonly Flow[];
  readonly findings: readonly Finding[];
  /** What was chosen for the user: `outside stands for 192.0.2.53, port 53`. */
  readonly notes: readonly string[];
  /** Of the destination's name. */
  readonly lookup: NameLookup | undefined;
  /** Addresses of the container that has this name, where one has it. */
  readonly named?: readonly string[] | undefined;
  /** Worth knowing, whatever becomes of the packets. */
  readonly aside?: Finding | undefined;
}

interface Source {
  readonly place: Place;
  /** When the user gave one. */
  readonly address: string | undefined;
  readonly finding: Finding | undefined;
}

interface Target {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly to: Place | undefined;
  readonly finding?: Finding;
  readonly notes?: readonly string[];
  readonly lookup?: NameLookup | undefined;
  readonly named?: readonly string[] | undefined;
  readonly aside?: Finding | undefined;
}

/** @throws `invalid` for what cannot be read or lacks a port, `notFound` for an unknown container, with the nearest one */
export async function resolveEnds(request: EndsRequest, tools: ResolveTools): Promise<ResolvedEnds> {
  const source = resolvePlace(request.from, tools.view);
  const end = parseDestination(request.to);
  const target = await resolveTarget(end, request, source, tools);
  const findings = [source.finding, target.finding].filter((finding) => finding !== undefined);
  const common = {
    findings,
    notes: target.notes ?? [],
    lookup: target.lookup,
    named: target.named,
    aside: target.aside,
  };
  if (findings.length > 0) return { ...common, flows: [] };
  const flow = (destination: string): Flow => ({
    from: source.place,
    source: source.address ?? "",
    destination,
    family: isIP(destination) === 6 ? 6 : 4,
    protocol: end.protocol,
    destinationPort: target.port,
    sourcePort: 0,
    size: request.size,
    to: target.to,
    fromText: request.from,
    toText: request.to,
  });
  return { ...common, flows: usable(target.addresses, source, tools.view).map(flow) };
}

/** A family that the source has no address of would fail for everybody: it is left out where there is another one. */
function usable(addresses: readonly string[], source: Source, view: SnapshotView): readonly string[] {
  const families = source.address === undefined ? familiesOf(view, source.place) : new Set([isIP(source.address)]);
  const fitting = addresses.filter((address) => families.has(isIP(address)) || isLoopback(address));
  return fitting.length > 0 ? fitting : addresses.slice(0, 1);
}

/** Where packets are sent from. @throws `invalid` for what cannot be read, `notFound` for an unknown container */
export function resolvePlace(text: string, view: SnapshotView): Source {
  const end = parseSource(text);
  if (end.kind === "host") return { place: HOST, address: undefined, finding: undefined };
  if (end.kind === "outside") return { place: OUTSIDE, address: undefined, finding: undefined };
  if (end.kind === "address") {
    const [holder] = view.holdersOf(end.address);
    return { place: holder?.namespace.key ?? OUTSIDE, address: end.address, finding: undefined };
  }
  const container = findContainer(end.name, view);
  if (container === undefined) throw noSuchContainer(end.name, view);
  const place = container.namespace;
  if (place === undefined) return { place: container.id, address: undefined, finding: notRunning(container) };
  return { place, address: undefined, finding: undefined };
}

const findContainer = (name: string, view: SnapshotView): IntendedContainer | undefined =>
  name === "" ? undefined : view.container(name);

function noSuchContainer(name: string, view: SnapshotView) {
  const meant = nearest(
    name,
    view.snapshot.intent.containers.map((container) => container.name),
  );
  return notFound(`there is no container ${name}`, {
    code: "CTR_CONTAINER_NOT_FOUND",
    hint: meant === undefined ? "ctr ps -a lists them; host and outside are known, too" : `did you mean ${meant}?`,
  });
}

async function resolveTarget(
  end: DestinationEnd,
  request: EndsRequest,
  source: Source,
  tools: ResolveTools,
): Promise<Target> {
  const { view } = tools;
  const { place } = end;
  if (place.kind === "outside") return outsideTarget(view, end, request.outside);
  if (place.kind === "name") {
    const container = findContainer(place.name, view);
    return container === undefined
      ? await namedTarget(place.name, end, request, source, tools)
      : await containerTarget(container, place.name, end, request, source, tools);
  }
  const port = requirePort(end, request.to, []);
  if (place.kind === "address") return { addresses: [place.address], port, to: undefined };
  if (place.kind === "localhost") {
    if (source.place === OUTSIDE) throw wrong("localhost of the outside is not known here", "name an address of it");
    return loopbackTarget(source.place, port, end, view);
  }
  return hostTarget(source.place, port, end, view);
}

/** A port of the host: at the address it is published on, else at the one by which the source knows the host. */
function hostTarget(from: Place, port: number, { protocol }: DestinationEnd, view: SnapshotView): Target {
  const publishers = publishersOf(view, port, protocol);
  const known = hostAddressesFrom(view, from);
  const published = publishers.flatMap(({ port: { hostIp } }) => {
    if (hostIp !== "0.0.0.0" && hostIp !== "::") return [hostIp];
    return known.filter((address) => isIP(address) === isIP(hostIp));
  });
  const own = known.filter((address) => isIP(address) === 4 || listens(view.host, 6, port, protocol));
  const addresses = published.length > 0 ? published : own.length > 0 ? own : known;
  return { addresses: [...new Set(addresses)], port, to: publishers[0]?.container.namespace ?? HOST };
}

function loopbackTarget(from: Place, port: number, { protocol }: DestinationEnd, view: SnapshotView): Target {
  if (from === HOST) return hostTarget(from, port, { place: { kind: "host" }, protocol, port }, view);
  const hasIpv6 = listens(view.namespace(from), 6, port, protocol) && !listens(view.namespace(from), 4, port, protocol);
  return { addresses: [hasIpv6 ? "::1" : "127.0.0.1"], port, to: from };
}

async function containerTarget(
  container: IntendedContainer,
  written: string,
  end: DestinationEnd,
  request: EndsRequest,
  source: Source,
  tools: ResolveTools,
): Promise<Target> {
  const { view } = tools;
  const port = requirePort(end, request.to, knownPorts(container, view));
  const to = container.namespace;
  if (to === undefined) return { addresses: [], port, to, finding: notRunning(container) };
  if (source.place === OUTSIDE) {
    const published = container.ports.find(
      (one) => one.protocol === end.protocol && (one.containerPort === port || one.hostPort === port),
    );
    if (published !== undefined) return { ...hostTarget(OUTSIDE, published.hostPort, end, view), to };
  }
  const addresses = containerAddressesFrom(view, source.place, container);
  if (addresses.length === 0) return { addresses, port, to, finding: hasNoNetwork(container) };
  const lookup = await ownLookUp(container, written, source, tools);
  if (lookup !== undefined) return { addresses, port, to, lookup, named: namesOf(container) };
  const aside = written === container.name ? namelessNetwork(view, source.place, container) : undefined;
  return { addresses, port, to, aside };
}

/** All of its addresses: which of them its name leads to depends on who asks. */
const namesOf = ({ endpoints }: IntendedContainer): string[] =>
  endpoints.flatMap(({ address, address6 }) => [address, address6]).filter((address) => address !== "");

/** Programs dial containers by name where there are names: that it is answered is part of the way. */
async function ownLookUp(container: IntendedContainer, written: string, { place }: Source, tools: ResolveTools) {
  if (written !== container.name || tools.lookUp === undefined) return undefined;
  const own = tools.view.containersIn(place).flatMap(({ endpoints }) => endpoints);
  const hasNames = own.some(
    ({ networkId, networkName }) =>
      networkName !== "bridge" && container.endpoints.some((one) => one.networkId === networkId),
  );
  return hasNames ? await tools.lookUp(written, place) : undefined;
}

async function namedTarget(
  name: string,
  end: DestinationEnd,
  request: EndsRequest,
  source: Source,
  { view, lookUp }: ResolveTools,
): Promise<Target> {
  const port = requirePort(end, request.to, []);
  const place = source.place === OUTSIDE ? HOST : source.place;
  if (lookUp === undefined) throw wrong(`${name} cannot be looked up in a bundle`, "give an address in its place");
  if (source.finding !== undefined) return { addresses: [], port, to: undefined };
  const lookup = await lookUp(name, place);
  if (lookup.addresses.length > 0) return { addresses: onePerFamily(lookup.addresses), port, to: undefined, lookup };
  const isUnknown = lookup.questions.some(({ outcome }) => outcome === "unknown");
  const meant = nearest(
    name,
    view.snapshot.intent.containers.map((container) => container.name),
  );
  if (isUnknown && meant !== undefined) {
    throw notFound(`there is no container and no name ${name}`, {
      code: "CTR_CONTAINER_NOT_FOUND",
      hint: `did you mean ${meant}?`,
    });
  }
  // It may be a name that could not be asked for, or a slip of the pen.
  const notes = meant === undefined ? [] : [`there is no container ${name}: did you mean ${meant}?`];
  return { addresses: [], port, to: undefined, lookup, notes };
}

const onePerFamily = (addresses: readonly string[]): string[] =>
  [4, 6].flatMap((family) => addresses.find((address) => isIP(address) === family) ?? []);

/** @returns 0 for ICMP, which has none */
function requirePort({ protocol, port }: DestinationEnd, text: string, known: readonly string[]): number {
  if (protocol === "icmp") return 0;
  if (port !== undefined) return port;
  const host = text.replace(/\/.*$/, "");
  const example = isIP(host) === 6 ? `[${host}]` : host;
  const [first] = known;
  throw wrong(
    `which port of ${host}?`,
    known.length === 0
      ? `write ${example}:80, or ${example}/icmp to see whether it answers at all`
      : `it has ${known.join(", ")}: write ${example}:${first?.replace("/tcp", "")}`,
  );
}

/** Ports that it listens on, publishes or exposes. */
function knownPorts(container: IntendedContainer, view: SnapshotView): string[] {
  const open = (view.namespace(container.namespace ?? "")?.sockets ?? [])
    .filter(({ state, address }) => state === "listen" && !isLoopback(address))
    .map(({ port, protocol }) => `${port}/${protocol}`);
  const published = container.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  return [...new Set([...open, ...published, ...container.exposed])];
}

const wrong = (message: string, hint: string) => invalid(message, { code: "CTR_DIAGNOSIS_END_INVALID", hint });
