/** Routing rules and routes, as they are typed. */
import type { RouteState, RoutingRule } from "../../types/index.ts";

/** `from 10.1.0.0/16 lookup 200`. */
export function ruleText({ priority, from, to, iif, oif, action, table, mark, others }: RoutingRule): string {
  const parts = [
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    ...(oif === undefined ? [] : [`oif ${oif}`]),
    ...(mark === undefined ? [] : [`fwmark 0x${mark.value.toString(16)}`]),
    ...others,
    action === "table" ? `lookup ${table}` : action,
  ];
  return `${priority}: ${parts.join(" ")}`;
}

/** The words that delete it. */
export const ruleDeletion = ({ family, priority }: RoutingRule): readonly string[] => [
  "ip",
  ...(family === 6 ? ["-6"] : []),
  "rule",
  "delete",
  "priority",
  String(priority),
];

const MAIN_TABLE = 254;

/** `blackhole 10.1.0.0/16 table 200`. */
export function routeText({ type, destination, gateway, device, table }: RouteState): string {
  const parts = [
    ...(type === "unicast" ? [] : [type]),
    destination,
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    ...(device === undefined || type !== "unicast" ? [] : [`dev ${device}`]),
    ...(table === MAIN_TABLE ? [] : [`table ${table}`]),
  ];
  return parts.join(" ");
}

export const routeDeletion = (route: RouteState): readonly string[] => [
  "ip",
  ...(route.family === 6 ? ["-6"] : []),
  "route",
  "delete",
  ...routeText(route).split(" "),
];
