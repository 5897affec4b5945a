import { contains, overlaps, parseAddress, parseCidr } from "../../../ipam/ip.ts";
import { type Cable, cablesOf } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, RouteState } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { ownCommand, repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";

export const prefixTooWide: Cause = {
  code: "CTRN312",
  severity: "error",
  heading: "A container looks for far addresses on its own cable",

  inspect: ({ view }) =>
    cablesOf(view).flatMap((cable) =>
      wideRoutes(cable).map((route) =>
        found(prefixTooWide, undefined, { ...caseOf(cable, route), severity: "warning" }),
      ),
    ),

  explain: (context) =>
    obstaclesOfKind(context, "neighbour-silent").flatMap((obstacle) => {
      const address = text(obstacle, "address") || (obstacle.packet?.destination ?? "");
      for (const cable of cablesOf(context.view).filter(({ namespace }) => namespace.key === placeOf(obstacle))) {
        const route = wideRoutes(cable).find(({ destination }) => isIn(destination, address));
        if (route !== undefined) return found(prefixTooWide, obstacle, caseOf(cable, route));
      }
      return [];
    }),
};

const isIn = (subnet: string, address: string): boolean =>
  address !== "" && contains(parseCidr(subnet), parseAddress(address));

/** Routes without a gateway that lead out of the network's own subnets. */
function wideRoutes({ namespace, interfaceName, network }: Cable): RouteState[] {
  const own = network.subnets.map(({ subnet }) => parseCidr(subnet));
  return namespace.routes.filter(({ device, gateway, type, destination, nexthops }) => {
    if (device !== interfaceName || gateway !== undefined || type !== "unicast" || nexthops.length > 0) return false;
    const cidr = parseCidr(destination);
    if (isLinkLocal(destination) || cidr.prefixLength === 0) return false;
    return !own.some((subnet) => overlaps(subnet, cidr) && subnet.prefixLength <= cidr.prefixLength);
  });
}

const isLinkLocal = (destination: string): boolean => /^(fe[89ab][0-9a-f]:|169\.254\.|ff|224\.)/.test(destination);

function caseOf(cable: Cable, route: RouteState): Case {
  const { container, interfaceName, network } = cable;
  const { destination } = route;
  return {
    object: `routes of container ${container.name}`,
    title: `The container ${container.name} takes ${destination} for its own cable, and looks for addresses there that are elsewhere.`,
    explanation:
      `Its network ${network.name} has ${network.subnets.map(({ subnet }) => subnet).join(" and ")}. For everything in ${destination} ` +
      "it asks its neighbours instead of the gateway, and nobody answers. The prefix of its address, or a route, is too wide.",
    evidence: [
      {
        source: `ip route (in ${container.name})`,
        value: `${destination} dev ${interfaceName}, no gateway`,
        expected: "via the gateway",
      },
    ],
    fix: hasOtherPrefix(cable, route)
      ? repaired("ctr gives the container its address with the right prefix; the route goes with the wrong one.")
      : ownCommand(
          container.id,
          container.name,
          ["ip", ...(route.family === 6 ? ["-6"] : []), "route", "delete", destination, "dev", interfaceName],
          "Take the route away.",
        ),
  };
}

/** The kernel made the route for an address of the container's that was given another prefix. */
const hasOtherPrefix = ({ inside, endpoint }: Cable, { destination }: RouteState): boolean =>
  inside?.addresses.some(
    ({ address, prefixLength }) =>
      (address === endpoint.address || address === endpoint.address6) &&
      destination.endsWith(`/${prefixLength}`) &&
      isIn(destination, address),
  ) ?? false;
