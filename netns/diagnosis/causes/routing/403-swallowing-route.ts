import { addressOf, contains, parseCidr } from "../../../ipam/ip.ts";
import { bridgeNetworks } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause, RouteState, StateContext } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { caseOfClosedWay, closedWay } from "./closed-ways.ts";
import { routeDeletion, routeText } from "./policy-rules.ts";

export const swallowingRoute: Cause = {
  code: "CTRN403",
  severity: "error",
  heading: "A route or routing rule swallows the packets",

  inspect: (context) =>
    routesOverOurs(context).map(({ route, network }) =>
      found(swallowingRoute, undefined, {
        object: `route of the host: ${routeText(route)}`,
        title: `A route of the host swallows everything for containers of network ${network}.`,
        explanation: "It is as exact as the network's own route, or more, so that it is taken in its place.",
        evidence: [{ source: "ip route show table all", value: routeText(route) }],
        fix: byHand("Take it away if it is not wanted.", routeDeletion(route)),
      }),
    ),

  explain: (context) =>
    obstaclesOfKind(context, "route-blackhole").map((obstacle) =>
      found(
        swallowingRoute,
        obstacle,
        caseOfClosedWay(context, obstacle, closedWay(context, obstacle, ["blackhole"]), "swallows"),
      ),
    ),
};

/** A wider one is overruled by the network's own route: many hosts have such for all private ranges. */
function routesOverOurs({ snapshot, view }: StateContext): { route: RouteState; network: string }[] {
  const [main, local] = [254, 255];
  const closed = view.host.routes.filter(
    ({ type, table }) => type === "blackhole" && (table === main || table === local),
  );
  return bridgeNetworks(snapshot).flatMap(({ network, used }) =>
    network.subnets.flatMap(({ subnet }) => {
      const own = parseCidr(subnet);
      return closed
        .filter(({ destination }) => {
          const cidr = parseCidr(destination);
          if (!used || cidr.family !== own.family) return false;
          return cidr.prefixLength > own.prefixLength && contains(own, addressOf(cidr));
        })
        .map((route) => ({ route, network: network.name }));
    }),
  );
}
