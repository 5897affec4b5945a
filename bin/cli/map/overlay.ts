/** A traced packet on the map: which boxes it passed, and where it ended. */
import type { FlowReport, JoinedHop } from "../../../netns/index.ts";
import type { MapContainer, MapNetwork, NetworkMap } from "../client/network-types.ts";

/** As reports call them. */
const HOST = "host";
const OUTSIDE = "outside";

export interface Overlay {
  /** `web → api:8080   UNREACHABLE`, and the cause. */
  readonly title: string;
  readonly cause: string | undefined;
  /** Ids of networks and containers, `host` and `outside`, in the order of the way. */
  readonly stops: readonly OverlayStop[];
}

export interface OverlayStop {
  readonly id: string;
  readonly name: string;
  /** The packet went no further than this. */
  readonly ends: boolean;
  /** What ended it there. */
  readonly why: string | undefined;
}

/** Pure. Containers and networks of the report that are no longer on the map keep their names. */
export function overlayOf(report: FlowReport, map: NetworkMap): Overlay {
  const { flow, result, there, findings } = report;
  const [finding] = findings;
  const known = there.flatMap((hop) => stopsOf(hop, map));
  const stops: OverlayStop[] = [];
  for (const stop of known) {
    const last = stops.at(-1);
    if (last?.id !== stop.id) stops.push(stop);
    else stops[stops.length - 1] = { ...last, ends: last.ends || stop.ends, why: last.why ?? stop.why };
  }
  return {
    title: `${flow.fromText} → ${flow.toText}   ${result}`,
    cause: finding === undefined ? undefined : `${finding.code}: ${finding.title}`,
    stops: withEnds(stops, report),
  };
}

/** A host's bridge is a network of the map: the packet passes that. */
function stopsOf({ hop, where, text, model, live }: JoinedHop, map: NetworkMap): OverlayStop[] {
  const place = hop?.place ?? where;
  const ends = model === "dies" || live === "died";
  const container = map.Containers.find(({ Id, Name }) => Id === place || Name === place);
  const why = ends ? text : undefined;
  if (container !== undefined) return [stopOf(container, ends, why)];
  const bridge = hop?.device === undefined ? undefined : networkOf(hop.device, map);
  if (bridge !== undefined) return [stopOf(bridge, ends, why)];
  return [{ id: place, name: place, ends, why }];
}

const stopOf = ({ Id, Name }: MapContainer | MapNetwork, ends: boolean, why: string | undefined): OverlayStop => ({
  ...{ id: Id, name: Name, ends, why },
});

/** By its bridge, or by the host's end of the cable of one who is on it. */
const networkOf = (device: string, { Networks }: NetworkMap): MapNetwork | undefined =>
  Networks.find(
    ({ Bridge, Endpoints }) =>
      Bridge === device || Endpoints.some(({ HostInterface }) => HostInterface !== "" && HostInterface === device),
  );

/** Nothing behind the end is shown; what begins or ends outside is told by its name. */
function withEnds(stops: readonly OverlayStop[], { flow, result }: FlowReport): readonly OverlayStop[] {
  const end = stops.findIndex(({ ends }) => ends);
  const passed = end < 0 ? stops : stops.slice(0, end + 1);
  const leaves = end < 0 && result === "REACHABLE" && flow.to === OUTSIDE && passed.at(-1)?.id !== OUTSIDE;
  return leaves ? [...passed, { id: OUTSIDE, name: OUTSIDE, ends: false, why: undefined }] : passed;
}

/** The host and the outside are on no network: they are drawn where a packet passes them. */
export const isBeside = ({ id }: OverlayStop): boolean => id === HOST || id === OUTSIDE;

/** What stands below the name of a stop that is on no network. */
export const besideText = ({ id }: OverlayStop): string =>
  id === HOST ? "this machine itself" : "beyond the host's uplinks";

/** Those beside the map, each once. */
export const stopsBeside = ({ stops }: Overlay): readonly OverlayStop[] => [
  ...new Map(stops.filter(isBeside).map((stop) => [stop.id, stop])).values(),
];

/** `web ══▶ front ══▶ host ══✗ filter forward: dropped`. */
export function overlayText({ title, cause, stops }: Overlay): string {
  const names = stops.map(({ name }) => name).join(" ══▶ ");
  const last = stops.at(-1);
  const end = last?.ends ? ` ══✗ ${last.why ?? "it ends here"}` : "";
  const lines = [
    title,
    ...(stops.length === 0 ? [] : [`  ${names}${end}`]),
    ...(cause === undefined ? [] : [`  ${cause}`]),
  ];
  return `${lines.join("\n")}\n`;
}
