/** The drivers of networks with links. `host` and `null` have none: there is nothing to make. */
import type { NetworkDriver } from "../types.ts";
import { bridgeDriver } from "./bridge.ts";
import { ipvlanDriver, macvlanDriver } from "./sublinks.ts";
import type { LinkDriver } from "./types.ts";

const DRIVERS: Readonly<Partial<Record<NetworkDriver, LinkDriver>>> = {
  bridge: bridgeDriver,
  macvlan: macvlanDriver,
  ipvlan: ipvlanDriver,
};

/** @returns undefined for `host` and `null` */
export const driverOf = (driver: NetworkDriver): LinkDriver | undefined => DRIVERS[driver];

export type { Connection, DefaultRoute, LinkDriver } from "./types.ts";
