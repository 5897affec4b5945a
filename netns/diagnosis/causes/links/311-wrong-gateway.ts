import { bridgeAddresses, bridgeNetworks, cableOfLink, cablesOf, intendedGateway } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { isDefaultRoute } from "../../routing-tables.ts";
import { type Cause, type FlowContext, HOST, type StateContext } from "../../types/index.ts";
import { deviceOf, placeOf, text } from "../facts.ts";
import { byHand, inPlace, repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { routeText } from "../routing/policy-rules.ts";

export const wrongGateway: Cause = {
  code: "CTRN311",
  severity: "error",
  heading: "Nobody has the gateway's address",

  inspect: (context) => [
    ...bridgeNetworks(context.snapshot).flatMap(({ network, bridge, used }) =>
      lostAddresses(context, bridge).map((address) =>
        found(wrongGateway, undefined, {
          ...caseOfBridge(context, bridge, network.name, address),
          severity: used ? "error" : "warning",
        }),
      ),
    ),
    ...wrongRoutes(context)
      .filter(({ isDefault }) => isDefault)
      .map((route) => found(wrongGateway, undefined, caseOfRoute(route))),
  ],

  explain: (context) =>
    obstaclesOfKind(
      context,
      ...([
        "neighbour-silent",
        "no-route",
        "misrouted",
        "answer-unroutable",
        "forwarding-off",
        "not-translated",
      ] as const),
    ).flatMap((obstacle) => {
      const details =
        obstacle.kind === "forwarding-off" || obstacle.kind === "not-translated"
          ? caseOfContainer(context, placeOf(obstacle))
          : caseOfObstacle(context, placeOf(obstacle), deviceOf(obstacle), text(obstacle, "address"));
      return details === undefined ? [] : found(wrongGateway, obstacle, details);
    }),
};

/**
 * The way out leads to another container. It passes nothing on, or hands the packet to the host, which has seen it already and
 * does not translate it any more.
 * @param end where the packet ends
 */
function caseOfContainer(context: FlowContext, end: string): Case | undefined {
  const { view, walk, flow } = context;
  const passed = walk.there.map((hop) => hop.place);
  const place = end === HOST ? passed.find((one) => one !== HOST && one !== flow.from) : end;
  if (place === undefined) return undefined;
  const senders = new Set(passed);
  const route = routesTo(context, (gateway) => view.holdersOf(gateway).some(({ namespace }) => namespace.key === place))
    .filter((one) => senders.has(one.place))
    .find(({ isDefault }) => isDefault);
  if (route === undefined) return undefined;
  const { name, gateway, expected } = route;
  return {
    object: `routes of container ${name}`,
    title: `The container ${name} sends everything for elsewhere to ${gateway}: that is the container ${view.nameOf(place)}, and not the way out.`,
    explanation: `The way out of its network is ${expected}. A program in the container that may change the network has set another.`,
    evidence: [
      { source: `ip route (in ${name})`, value: `default via ${gateway}`, expected: `default via ${expected}` },
      { source: `address ${gateway}`, value: `container ${view.nameOf(place)}`, expected: "the network's bridge" },
    ],
    fix: repaired("ctr sets the container's default route again."),
  };
}

function caseOfObstacle(context: FlowContext, place: string, device: string, address: string): Case | undefined {
  const { view, flow } = context;
  if (place === HOST) {
    // The host's route to a network goes with its address there.
    const network = view.networkOfAddress(address === "" ? flow.destination : address);
    const [lost] = network?.bridge === undefined ? [] : lostAddresses(context, network.bridge);
    return network?.bridge === undefined || lost === undefined
      ? undefined
      : caseOfBridge(context, network.bridge, network.name, lost);
  }
  const cable = cableOfLink(view, place, device);
  const gateway = cable && intendedGateway(cable.network, flow.family);
  if (cable === undefined || address === "") return undefined;
  const [lost] = lostAddresses(context, cable.bridgeName);
  if (lost !== undefined && address === gateway)
    return caseOfBridge(context, cable.bridgeName, cable.network.name, lost);
  const route = wrongRoutes(context).find((one) => one.place === place && one.gateway === address);
  return route && caseOfRoute(route);
}

/** Addresses that a bridge that is up has to have and has not. */
function lostAddresses({ view }: StateContext, bridge: string): string[] {
  const [link, network] = [view.host.links.find(({ name }) => name === bridge), view.networkOfBridge(bridge)];
  if (link === undefined || network === undefined || !link.up) return [];
  return bridgeAddresses(network)
    .filter(({ address }) => !link.addresses.some((one) => one.address === address))
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`);
}

interface WrongRoute {
  readonly place: string;
  readonly name: string;
  readonly gateway: string;
  readonly expected: string;
  /** As it is typed. */
  readonly route: string;
  readonly isDefault: boolean;
}

/** Routes over a cable of ours to an address that nobody has, where another is given. */
const wrongRoutes = (context: StateContext): WrongRoute[] =>
  routesTo(context, (gateway) => context.view.holdersOf(gateway).length === 0);

/** Those by another gateway than the network's own. */
function routesTo({ view }: StateContext, isMeant: (gateway: string) => boolean): WrongRoute[] {
  return cablesOf(view).flatMap(({ namespace, interfaceName, network, container }) =>
    namespace.routes.flatMap((route) => {
      const { family, gateway, device, type } = route;
      const isDefault = isDefaultRoute(route);
      const expected = intendedGateway(network, family);
      if (device !== interfaceName || type !== "unicast" || gateway === undefined) return [];
      if (expected === "" || gateway === expected || !isMeant(gateway)) return [];
      // Another network's addresses are not known to nobody but us.
      if (view.networkOfAddress(gateway)?.id !== network.id) return [];
      return { place: namespace.key, name: container.name, gateway, expected, route: routeText(route), isDefault };
    }),
  );
}

function caseOfBridge({ view }: StateContext, bridge: string, network: string, address: string): Case {
  const key = `net.ipv6.conf.${bridge}.disable_ipv6`;
  const isIpv6Off = address.includes(":") && view.host.sysctls[key] === "1";
  return {
    object: `bridge ${bridge}`,
    title: `The bridge of network ${network} has lost the address ${address}, which is its containers' way out.`,
    explanation:
      "Containers send everything for elsewhere to that address, and nobody answers there; the host itself has lost its route " +
      "to the network along with it. Network managers take addresses from devices that they think are theirs.",
    evidence: [
      { source: `ip address show ${bridge}`, value: `no ${address}`, expected: address },
      ...(isIpv6Off ? [{ source: `sysctl ${key}`, value: "1: IPv6 is switched off there", expected: "0" }] : []),
    ],
    fix: repaired("ctr gives the bridge its address again."),
  };
}

function caseOfRoute({ name, place, gateway, expected, route, isDefault }: WrongRoute): Case {
  if (!isDefault) {
    return {
      object: `route of container ${name}: ${route}`,
      title: `The container ${name} sends a part of what is for elsewhere to ${gateway}, an address that nobody has.`,
      explanation: `The way out of its network is ${expected}, and the route “${route}” comes before it. A program in the container that may change the network has set it: VPN programs do.`,
      evidence: [{ source: `ip route (in ${name})`, value: route, expected: `via ${expected}` }],
      fix: byHand("Take the route away.", inPlace(place, name, ["ip", "route", "delete", ...route.split(" ")])),
    };
  }
  return {
    object: `routes of container ${name}`,
    title: `The container ${name} sends everything for elsewhere to ${gateway}, an address that nobody has.`,
    explanation: `The way out of its network is ${expected}. A program in the container that may change the network has set another.`,
    evidence: [
      { source: `ip route (in ${name})`, value: `default via ${gateway}`, expected: `default via ${expected}` },
    ],
    fix: repaired("ctr sets the container's default route again."),
  };
}
