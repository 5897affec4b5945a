import { formatCidr, overlaps, parseCidr, subnetOf } from "../../../ipam/ip.ts";
import { type BridgeNetwork, bridgeAddresses, bridgeNetworks, type Cable, cablesOf } from "../../intended.ts";
import { type Obstacle, obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, type Finding, type FlowContext, HOST, type StateContext } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cablesInPlace } from "./cables.ts";

export const ownNetworkUnknown: Cause = {
  code: "CTRN321",
  severity: "error",
  heading: "A container, or the host, does not know the network that it is on",

  inspect: (context) => [
    ...cablesOf(context.view).flatMap((cable) =>
      narrowAddresses(cable).map((address) => found(ownNetworkUnknown, undefined, caseOf(cable, address))),
    ),
    ...narrowBridges(context).map((bridge) => found(ownNetworkUnknown, undefined, caseOfBridge(bridge))),
    ...lostRoutes(context).map((route) => found(ownNetworkUnknown, undefined, caseOfRoute(route))),
  ],

  explain: (context) =>
    obstaclesOfKind(
      context,
      ...(["no-route", "no-source-address", "misrouted", "answer-unroutable", "answer-misrouted"] as const),
    ).flatMap((obstacle) => (placeOf(obstacle) === HOST ? atHost(context, obstacle) : inContainer(context, obstacle))),
};

const inContainer = ({ view, flow }: FlowContext, obstacle: Obstacle): Finding[] =>
  cablesInPlace(view, placeOf(obstacle)).flatMap((cable) => {
    const [address] = narrowAddresses(cable).filter((one) => one.includes(":") === (flow.family === 6));
    return address === undefined ? [] : found(ownNetworkUnknown, obstacle, caseOf(cable, address));
  });

/** The host looks for the network's containers elsewhere, or nowhere. */
function atHost(context: FlowContext, obstacle: Obstacle): Finding[] {
  const destination = obstacle.packet?.destination ?? context.flow.destination;
  const network = context.view.networkOfAddress(destination);
  const concerns = (one: BridgeNetwork & { readonly expected: string }): boolean =>
    one.network.id === network?.id && one.expected.includes(":") === destination.includes(":");
  const narrow = narrowBridges(context).find(concerns);
  if (narrow !== undefined) return [found(ownNetworkUnknown, obstacle, caseOfBridge(narrow))];
  const lost = lostRoutes(context).find(concerns);
  return lost === undefined ? [] : [found(ownNetworkUnknown, obstacle, caseOfRoute(lost))];
}

interface NarrowBridge extends BridgeNetwork {
  /** As it is, and as it has to be. */
  readonly address: string;
  readonly expected: string;
}

/** Bridges that have their address, with a longer prefix than their network's alone. */
const narrowBridges = ({ snapshot, view }: StateContext): NarrowBridge[] =>
  bridgeNetworks(snapshot).flatMap((one) => {
    const present = view.host.links.find(({ name }) => name === one.bridge)?.addresses ?? [];
    return bridgeAddresses(one.network).flatMap(({ address, prefixLength }) => {
      const lengths = present.filter((own) => own.address === address).map((own) => own.prefixLength);
      const shortest = Math.min(...lengths);
      return lengths.length > 0 && shortest > prefixLength
        ? { ...one, address: `${address}/${shortest}`, expected: `${address}/${prefixLength}` }
        : [];
    });
  });

function caseOfBridge({ network, bridge, address, expected, used }: NarrowBridge): Case {
  return {
    object: `address ${address} of bridge ${bridge}`,
    title: `The host does not find the containers of network ${network.name}: the bridge's address is ${address} in place of ${expected}.`,
    explanation:
      "The prefix of an address says who is on the same cable. With this one the containers are not, and what is for them goes " +
      "where the host's other routes lead. Network managers, and whoever types an address without its prefix, set such ones.",
    severity: used ? "error" : "warning",
    evidence: [{ source: `ip address show ${bridge}`, value: address, expected }],
    fix: repaired("ctr gives the bridge its address with the right prefix."),
  };
}

interface LostRoute extends BridgeNetwork {
  /** The subnet that it has to lead to. */
  readonly expected: string;
}

/** Bridges that work and have their address, while no route leads to their subnet by them, in whichever table. */
const lostRoutes = ({ snapshot, view }: StateContext): LostRoute[] =>
  bridgeNetworks(snapshot).flatMap((one) => {
    const link = view.host.links.find(({ name }) => name === one.bridge);
    if (link?.up !== true || !link.carrier) return [];
    const routes = view.host.routes
      .filter(({ device, type, gateway }) => device === one.bridge && type === "unicast" && gateway === undefined)
      .map(({ destination }) => parseCidr(destination));
    return bridgeAddresses(one.network).flatMap(({ address, prefixLength }) => {
      const isThere = link.addresses.some((own) => own.address === address && own.prefixLength === prefixLength);
      const subnet = subnetOf(parseCidr(`${address}/${prefixLength}`));
      const leads = routes.some((route) => overlaps(route, subnet));
      return isThere && !leads ? { ...one, expected: formatCidr(subnet) } : [];
    });
  });

function caseOfRoute({ network, bridge, expected, used }: LostRoute): Case {
  return {
    object: `route of the host: ${expected} dev ${bridge}`,
    title: `The host does not find the containers of network ${network.name}: its route to ${expected} by the bridge ${bridge} is gone.`,
    explanation:
      "The kernel makes that route with the bridge's address, and somebody has deleted it: VPN and network programs do. What is for " +
      "the containers goes where the host's other routes lead, or nowhere.",
    severity: used ? "error" : "warning",
    evidence: [{ source: "ip route", value: `no ${expected} dev ${bridge}`, expected: `${expected} dev ${bridge}` }],
    fix: repaired("ctr makes the route again."),
  };
}

/** Its own ones, as addresses of a network of one. */
const narrowAddresses = ({ inside, endpoint, network }: Cable): string[] =>
  (inside?.addresses ?? [])
    .filter(({ address }) => address === endpoint.address || address === endpoint.address6)
    .filter(({ address, prefixLength }) => prefixLength === (address.includes(":") ? 128 : 32))
    .filter(
      ({ address }) => !network.subnets.some(({ subnet }) => subnet.endsWith(address.includes(":") ? "/128" : "/32")),
    )
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`);

function caseOf({ container, network, interfaceName }: Cable, address: string): Case {
  const subnet = network.subnets.find((one) => one.subnet.includes(":") === address.includes(":"))?.subnet ?? "";
  return {
    object: `address ${address} of container ${container.name}`,
    title: `The container ${container.name} takes itself for a network of its own: its address is ${address}, and its network ${subnet}.`,
    explanation:
      "The prefix of an address says who can be reached without a router. With this one nobody can, not even the router. A program in the " +
      "container that may change the network has set it.",
    evidence: [
      {
        source: `ip address show ${interfaceName} (in ${container.name})`,
        value: address,
        expected: address.replace(/\/\d+$/, `/${subnet.split("/")[1]}`),
      },
    ],
    fix: repaired("ctr gives the container its address with the right prefix, and its routes."),
  };
}
