import { isLoopback } from "../../../ports/host-address.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { MAIN_TABLE } from "../../routing-tables.ts";
import { type Cause, type Finding, type FlowContext, HOST } from "../../types/index.ts";
import { deviceOf, isTrue, placeOf, text } from "../facts.ts";
import { byHand, inPlace } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { localRoute, routeDeletion, routeOver, routeText, ruleDeletion, ruleText } from "./policy-rules.ts";

export const diverted: Cause = {
  code: "CTRN406",
  severity: "error",
  heading: "A routing rule sends containers' traffic another way",

  explain: (context) => [...ledElsewhere(context), ...keptHere(context), ...ledIntoNetwork(context)],
};

const ledElsewhere = (context: FlowContext): Finding[] =>
  obstaclesOfKind(context, "misrouted", "answer-misrouted").flatMap((obstacle) => {
    const destination = obstacle.packet?.destination ?? context.flow.destination;
    if (placeOf(obstacle) !== HOST) return ledBackInside(context, obstacle, destination);
    // What is for a container and goes elsewhere is told as an overlap of addresses.
    return context.view.networkOfAddress(destination) === undefined
      ? found(diverted, obstacle, caseOf(context, obstacle))
      : [];
  });

/** A container's own route leads to its loopback interface, where nobody is but itself. */
function ledBackInside({ view }: FlowContext, obstacle: Obstacle, destination: string): Finding[] {
  const [place, device] = [placeOf(obstacle), deviceOf(obstacle)];
  const namespace = view.namespace(place);
  const route = namespace === undefined || device !== "lo" ? undefined : routeOver(namespace, device, destination);
  if (route === undefined) return [];
  const name = view.nameOf(place);
  return [
    found(diverted, obstacle, {
      object: `route of container ${name}: ${routeText(route)}`,
      title: `A route of container ${name} leads what is for ${destination} to its own loopback interface (lo), from where nothing leaves.`,
      explanation: "A program in the container that may change the network has made that route.",
      evidence: [{ source: `ip route (in ${name})`, value: routeText(route), expected: "no such route" }],
      fix: byHand("Take the route away.", inPlace(place, name, routeDeletion(route))),
    }),
  ];
}

/** What is for the outside goes into a network of ours: ctr's own rules end it there, since nobody has allowed that. */
function ledIntoNetwork(context: FlowContext): Finding[] {
  const { view, walk } = context;
  return obstaclesOfKind(context, "filter-drop", "filter-reject").flatMap((obstacle) => {
    const destination = obstacle.packet?.destination ?? context.flow.destination;
    if (placeOf(obstacle) !== HOST || !isTrue(obstacle, "ours") || obstacle.direction === "back") return [];
    if (view.networkOfAddress(destination) !== undefined) return [];
    const route = walk.there.findLast(
      ({ place, stage, device }) => place === HOST && stage === "route" && device !== undefined,
    );
    const network = route?.device === undefined ? undefined : view.networkOfBridge(route.device);
    if (route?.device === undefined || network === undefined) return [];
    const taken = routeOver(view.host, route.device, destination);
    const text = taken === undefined ? route.text.replace(/^route /, "") : routeText(taken);
    return found(diverted, obstacle, {
      object: `route of the host: ${text}`,
      title: `The host sends what is for the outside into the network ${network.name}: its route “${text}” leads there.`,
      explanation:
        "No way out leads over the bridge of a container network, unless a container is meant to be the router. A program in the host, " +
        "or a person, has made that route, and it comes before the right one.",
      evidence: [{ source: "ip route", value: text, expected: "a route over an uplink" }],
      fix: byHand("Take the route away, if it is not wanted.", ...(taken === undefined ? [] : [routeDeletion(taken)])),
    });
  });
}

/** A route says that an address is the host's own, which none of its links has: what is for it ends here. */
function keptHere(context: FlowContext): Finding[] {
  const { view, flow } = context;
  return obstaclesOfKind(context, "no-listener", "listener-elsewhere").flatMap((obstacle) => {
    const destination = obstacle.packet?.destination ?? flow.destination;
    const isOwn =
      isLoopback(destination) ||
      view.host.links.some(({ addresses }) => addresses.some(({ address }) => address === destination));
    const route = placeOf(obstacle) !== HOST || isOwn ? undefined : localRoute(view.host, destination);
    if (route === undefined) return [];
    return [
      found(diverted, obstacle, {
        object: `route of the host: ${routeText(route)}`,
        title: `A route of the host makes ${destination} an address of its own: what is for it is not sent on.`,
        explanation:
          "Load balancers and some VPN programs make such routes, to take what is for others. Nobody here answers for it.",
        evidence: [{ source: "ip route show table local", value: routeText(route), expected: "no such route" }],
        fix: byHand("Take the route away, if it is not wanted.", routeDeletion(route)),
      }),
    ];
  });
}

function caseOf({ view, flow }: FlowContext, obstacle: Obstacle): Case {
  const [device, table] = [deviceOf(obstacle), text(obstacle, "table")];
  // That the main table is looked into is no rule to wonder about: it is one of its routes.
  const rule = view.host.rules.find(
    (one) =>
      one.action === "table" && one.table !== MAIN_TABLE && String(one.table) === table && one.family === flow.family,
  );
  const route =
    rule === undefined ? routeOver(view.host, device, obstacle.packet?.destination ?? flow.destination) : undefined;
  const expected = text(obstacle, "expectedDevice");
  return {
    object:
      rule === undefined
        ? `route of the host${route === undefined ? ` over ${device}` : `: ${routeText(route)}`}`
        : `routing rule of the host: ${ruleText(rule)}`,
    title: `The host sends this traffic out by ${device || "another link"}${expected === "" ? "" : ` and not by ${expected}`}, from where nothing comes back.`,
    explanation:
      `${rule === undefined ? `The route${route === undefined ? "" : ` “${routeText(route)}”`}` : `The rule “${ruleText(rule)}”`} takes it there${table === "" ? "" : ` (routing table ${table})`}. VPN programs make such rules; ` +
      "containers' packets fall under them, and the table leads nowhere for them.",
    evidence: [
      {
        source: rule === undefined ? "ip route show table all" : "ip rule",
        value: rule === undefined ? (route === undefined ? obstacle.text : routeText(route)) : ruleText(rule),
      },
    ],
    fix: byHand(
      rule === undefined
        ? "Take that way out of the routes, or let a more specific route lead where it has to."
        : "Take the rule away, or let an earlier one lead containers' subnets to the main table.",
      ...(rule === undefined ? (route === undefined ? [] : [routeDeletion(route)]) : [ruleDeletion(rule)]),
    ),
  };
}
