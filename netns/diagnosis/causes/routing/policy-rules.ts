/** Routing rules and routes, as they are typed. */

import { contains, parseAddress, parseCidr } from "../../../ipam/ip.ts";
import { MAIN_TABLE, tableName } from "../../routing-tables.ts";
import type { NamespaceState, RouteState, RoutingRule } from "../../types/index.ts";

/** `from 10.1.0.0/16 lookup 200`. */
export function ruleText({ priority, from, to, iif, oif, action, table, mark, others }: RoutingRule): string {
  const parts = [
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    ...(oif === undefined ? [] : [`oif ${oif}`]),
    ...(mark === undefined ? [] : [`fwmark 0x${mark.value.toString(16)}`]),
    ...others,
    ...(action === "table" ? [`lookup ${table}`] : action === "goto" ? [] : [action]),
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

/** Whether a rule leads to the main table. */
export const looksIntoMain = ({ rules }: NamespaceState, family: 4 | 6): boolean =>
  rules.some((rule) => rule.family === family && rule.table === MAIN_TABLE);

/** The most specific route to an address that leads over a link, be it one of several. */
export function routeOver({ routes }: NamespaceState, device: string, address: string): RouteState | undefined {
  const leadsOver = (one: RouteState): boolean =>
    one.device === device || one.nexthops.some((hop) => hop.device === device);
  return routes
    .filter((one) => one.type === "unicast" && isIn(one.destination, address) && leadsOver(one))
    .toSorted((one, other) => lengthOf(other) - lengthOf(one))[0];
}

/** The most specific route that says that an address is here. */
export const localRoute = ({ routes }: NamespaceState, address: string): RouteState | undefined =>
  routes
    .filter((one) => one.type === "local" && isIn(one.destination, address))
    .toSorted((one, other) => lengthOf(other) - lengthOf(one))[0];

const isIn = (destination: string, address: string): boolean =>
  destination.includes(":") === address.includes(":") && contains(parseCidr(destination), parseAddress(address));

export const lengthOf = ({ destination }: RouteState): number => Number(destination.split("/")[1] ?? 0);

/** `blackhole 10.1.0.0/16 table 200`. */
export function routeText({ type, destination, gateway, device, table, nexthops }: RouteState): string {
  const parts = [
    ...(type === "unicast" ? [] : [type]),
    destination,
    ...(nexthops.length > 1 || gateway === undefined ? [] : [`via ${gateway}`]),
    ...(nexthops.length > 1 || device === undefined || type !== "unicast" ? [] : [`dev ${device}`]),
    ...(table === MAIN_TABLE ? [] : [`table ${tableName(table)}`]),
    ...(nexthops.length > 1 ? nexthops.map(nexthopText) : []),
  ];
  return parts.join(" ");
}

const nexthopText = ({ gateway, device }: RouteState["nexthops"][number]): string =>
  [
    "nexthop",
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    ...(device === undefined ? [] : [`dev ${device}`]),
  ].join(" ");

export const routeDeletion = (route: RouteState): readonly string[] => [
  "ip",
  ...(route.family === 6 ? ["-6"] : []),
  "route",
  "delete",
  ...routeText(route).split(" "),
];
