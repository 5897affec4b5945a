/** Routing tables and default routes, see ip-route(8). The numbers are RT_TABLE_* of linux/rtnetlink.h. */
import { RT_TABLE_MAIN } from "../netlink/constants.ts";
import type { RouteState } from "./types/index.ts";

export const MAIN_TABLE = RT_TABLE_MAIN;
export const LOCAL_TABLE = 255;
export const DEFAULT_TABLE = 253;

const NAMES: Readonly<Record<number, string>> = {
  [MAIN_TABLE]: "main",
  [LOCAL_TABLE]: "local",
  [DEFAULT_TABLE]: "default",
};

/** As ip(8) writes it: those of the kernel by their names. */
export const tableName = (table: number): string => NAMES[table] ?? String(table);

export const isDefaultRoute = ({ destination }: Pick<RouteState, "destination">): boolean =>
  destination === "0.0.0.0/0" || destination === "::/0";
