/** Routes and routing rules that end a packet on purpose: which of them it was. */
import { contains, parseAddress, parseCidr } from "../../../ipam/ip.ts";
import type { Obstacle } from "../../obstacles.ts";
import { type FlowContext, HOST, type NamespaceState, type RoutingRule } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import type { Case } from "../found.ts";
import { lengthOf, routeDeletion, routeText, ruleDeletion, ruleText } from "./policy-rules.ts";

export type ClosedKind = "blackhole" | "unreachable" | "prohibit";

export interface ClosedWay {
  readonly text: string;
  readonly source: string;
  readonly deletion: readonly string[];
  readonly isRule: boolean;
}

/** The rule or route that fits an obstacle best: a rule comes before all routes. */
export function closedWay(
  { view, flow }: FlowContext,
  obstacle: Obstacle,
  kinds: readonly ClosedKind[],
): ClosedWay | undefined {
  const namespace = view.namespace(placeOf(obstacle));
  if (namespace === undefined) return undefined;
  const destination = text(obstacle, "address") || (obstacle.packet?.destination ?? flow.destination);
  const source = obstacle.packet?.source ?? flow.source;
  // The route's, or the packet's where that is not known.
  const told = text(obstacle, "destination").includes("/") ? text(obstacle, "destination") : "";
  const rule =
    text(obstacle, "viaRule") !== "" || told === "" ? ruleFor(namespace, kinds, source, destination) : undefined;
  const route = namespace.routes
    .filter(
      (one) =>
        isOneOf(kinds, one.type) && fits(one.destination, destination) && (told === "" || one.destination === told),
    )
    .toSorted((one, other) => lengthOf(other) - lengthOf(one))[0];
  const found = rule ?? (route === undefined ? ruleFor(namespace, kinds, source, destination) : undefined);
  if (found !== undefined) {
    return { text: ruleText(found), source: "ip rule", deletion: ruleDeletion(found), isRule: true };
  }
  if (route === undefined) return undefined;
  return { text: routeText(route), source: "ip route show table all", deletion: routeDeletion(route), isRule: false };
}

const isOneOf = (kinds: readonly string[], type: string): boolean => kinds.includes(type);

function fits(subnet: string | undefined, address: string): boolean {
  if (subnet === undefined) return true;
  if (address === "" || subnet.includes(":") !== address.includes(":")) return false;
  return contains(
    parseCidr(subnet.includes("/") ? subnet : `${subnet}/${subnet.includes(":") ? 128 : 32}`),
    parseAddress(address),
  );
}

function ruleFor(
  { rules }: NamespaceState,
  kinds: readonly ClosedKind[],
  source: string,
  destination: string,
): RoutingRule | undefined {
  return rules.find(
    ({ action, from, to }) =>
      isOneOf(kinds, action) &&
      (from === undefined || fits(from, source)) &&
      (to === undefined || fits(to, destination)),
  );
}

/** @param words what the way does with packets: `swallows`, `refuses` */
export function caseOfClosedWay(
  { view, flow }: FlowContext,
  obstacle: Obstacle,
  way: ClosedWay | undefined,
  words: string,
): Case {
  const place = placeOf(obstacle);
  const name = view.nameOf(place);
  const what = way?.isRule === true ? "routing rule" : "route";
  const destination = obstacle.packet?.destination ?? flow.destination;
  return {
    object: `${what} of ${place === HOST ? "the host" : `container ${name}`}${way === undefined ? "" : `: ${way.text}`}`,
    title: `A ${what} of ${place === HOST ? "the host" : name} ${words} everything for ${destination}.`,
    explanation:
      "Somebody has closed that way on purpose: VPN programs do it so that nothing leaves past the VPN, administrators to keep " +
      `private ranges inside.${way === undefined ? "" : ` It reads: ${way.text}.`}`,
    evidence: [{ source: way?.source ?? `ip route get ${destination}`, value: way?.text ?? obstacle.text }],
    fix: byHand(
      "Take it away if it is not wanted, or make a more specific route for what is to pass.",
      ...(way === undefined ? [] : [inPlace(place, name, way.deletion)]),
    ),
  };
}
