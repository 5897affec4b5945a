/** `bench`: how fast two ends are together, and which limits lie on the way. */
import { isIP } from "node:net";
import { invalid } from "../../lib/errors.ts";
import { type Flow, HOST, type LinkState, type Place, SnapshotView } from "../../netns/index.ts";
import { containerAddressesFrom, hostAddressesFrom } from "./addresses.ts";
import { BENCH_SCHEMA, type BenchLimit, type BenchReport } from "./bench-report.ts";
import type { BenchRequest } from "./request.ts";
import { resolvePlace } from "./resolve-ends.ts";
import type { DiagnosisTools } from "./tools.ts";

/** Seconds of each direction. */
const USUAL_SECONDS = 2;

/** @throws `invalid` for ends between which nothing can be measured, `notFound` for an unknown container */
export async function answerBench(tools: DiagnosisTools, request: BenchRequest): Promise<BenchReport> {
  const start = performance.now();
  const { live } = tools;
  if (live === undefined) throw invalid("nothing can be measured in a bundle", "CTR_DIAGNOSIS_BUNDLE_ONLY");
  const before = new SnapshotView(await tools.takeSnapshot());
  const [from, to] = [placeOf(request.from, before), placeOf(request.to, before)];
  const address = addressOf(before, from, to, request.to);
  tools.emit({ type: "progress", text: `measuring from ${request.from} to ${request.to} (${address})` });
  const { seconds = USUAL_SECONDS } = request;
  const { there, back, latency, pathMtu, failures } = await live.measure({ from, to, address, seconds });
  const after = new SnapshotView(await tools.takeSnapshot());
  return {
    schema: BENCH_SCHEMA,
    from: request.from,
    to: request.to,
    address,
    throughput: { there: bits(there?.bytesPerSecond), back: bits(back?.bytesPerSecond) },
    latency: latency && { median: latency.p50, p99: latency.p99, rounds: latency.rounds },
    pathMtu,
    limits: limitsBetween(tools, before, after, { from, to, address, request, pathMtu }),
    failures,
    milliseconds: Math.round(performance.now() - start),
  };
}

const bits = (bytesPerSecond: number | undefined): number | undefined =>
  bytesPerSecond === undefined ? undefined : Math.round(bytesPerSecond * 8);

function placeOf(text: string, view: SnapshotView): Place {
  const { place, finding } = resolvePlace(text, view);
  if (finding !== undefined) throw invalid(finding.title, { code: "CTR_DIAGNOSIS_END_INVALID", hint: hintOf(finding) });
  if (view.namespace(place) === undefined) {
    throw invalid(`${text} is not on this machine: nothing can be measured there`, {
      code: "CTR_DIAGNOSIS_END_INVALID",
      hint: "give two containers, or a container and host",
    });
  }
  return place;
}

const hintOf = ({ fix }: { readonly fix: { readonly commands: readonly (readonly string[])[] } | undefined }) =>
  fix?.commands[0]?.join(" ");

function addressOf(view: SnapshotView, from: Place, to: Place, text: string): string {
  const [container] = view.containersIn(to);
  const addresses =
    to === HOST || container === undefined
      ? hostAddressesFrom(view, from)
      : containerAddressesFrom(view, from, container);
  const [address] = addresses;
  if (address === undefined) throw invalid(`${text} has no address`, "CTR_DIAGNOSIS_END_INVALID");
  return address;
}

interface Measured {
  readonly from: Place;
  readonly to: Place;
  readonly address: string;
  readonly request: BenchRequest;
  readonly pathMtu: number | undefined;
}

function limitsBetween(
  tools: DiagnosisTools,
  before: SnapshotView,
  after: SnapshotView,
  measured: Measured,
): BenchLimit[] {
  const { from, to } = measured;
  const links = linksOnTheWay(tools, after, measured);
  return [
    ...mtuLimits(links, measured.pathMtu, after),
    ...links.flatMap(({ place, link }) => queueLimits(before, after, place, link)),
    ...[...new Set([from, to])].flatMap((place) => programLimits(before, after, place)),
  ];
}

interface PlacedLink {
  readonly place: Place;
  readonly link: LinkState;
}

/** Devices that the model leads a packet over, and their other ends. */
function linksOnTheWay(
  tools: DiagnosisTools,
  view: SnapshotView,
  { from, to, address, request }: Measured,
): PlacedLink[] {
  const flow: Flow = {
    ...{ from, to, source: "", destination: address, family: isIP(address) === 6 ? 6 : 4, protocol: "udp" },
    ...{ destinationPort: 1, sourcePort: 0, size: undefined, fromText: request.from, toText: request.to },
  };
  const found = new Map<string, PlacedLink>();
  const add = (place: Place, link: LinkState | undefined): void => {
    if (link !== undefined && link.name !== "lo") found.set(`${place} ${link.name}`, { place, link });
  };
  for (const { place, device } of tools.walk(view, flow).there) {
    const link = view.namespace(place)?.links.find(({ name }) => name === device);
    add(place, link);
    const other = link && view.peerOf(link);
    if (other !== undefined) add(other.namespace.key, other.link);
  }
  return [...found.values()];
}

const named = (place: Place, name: string, view: SnapshotView): string =>
  place === HOST ? `${name} on the host` : `${name} in ${view.nameOf(place)}`;

/** Those of one size in one line. */
function mtuLimits(links: readonly PlacedLink[], pathMtu: number | undefined, view: SnapshotView): BenchLimit[] {
  const bySize = Map.groupBy(links, ({ link }) => link.mtu);
  return [...bySize].map(([mtu, of]) => ({
    object: `MTU of ${of.map(({ place, link }) => named(place, link.name, view)).join(", ")}`,
    value: `${mtu} bytes`,
    effect: pathMtu !== undefined && pathMtu < mtu ? `packets of more than ${pathMtu} bytes do not arrive` : undefined,
  }));
}

function queueLimits(before: SnapshotView, after: SnapshotView, place: Place, link: LinkState): BenchLimit[] {
  const former = before.namespace(place)?.links.find(({ name }) => name === link.name)?.qdiscs ?? [];
  return link.qdiscs
    .filter(({ rate }) => rate !== undefined)
    .map((queue) => {
      const past = former.find(({ handle, kind }) => handle === queue.handle && kind === queue.kind);
      const held = queue.overlimits - (past?.overlimits ?? 0);
      const dropped = queue.dropped - (past?.dropped ?? 0);
      return {
        object: `queue ${queue.kind} of ${named(place, link.name, after)}`,
        value: `${(((queue.rate ?? 0) * 8) / 1e6).toFixed(1)} Mbit/s`,
        effect: held + dropped > 0 ? `it held packets back ${held} times and dropped ${dropped}` : undefined,
      };
    });
}

/** The traffic is ours and not of the containers' programs: what slows those down is told beside it. */
function programLimits(before: SnapshotView, after: SnapshotView, place: Place): BenchLimit[] {
  return after.containersIn(place).flatMap(({ id, name }) => {
    const now = after.snapshot.programs[id];
    if (now?.cpus === undefined) return [];
    const throttled = now.throttledMicroseconds - (before.snapshot.programs[id]?.throttledMicroseconds ?? 0);
    const effect =
      throttled > 0 ? `its own programs waited ${(throttled / 1e6).toFixed(1)} s for it meanwhile` : undefined;
    return [{ object: `CPUs of ${name}`, value: String(now.cpus), effect }];
  });
}
